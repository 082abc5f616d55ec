/**
 * The protocol of one execution, without bytes, keys and time: an orchestrator and devices that crash, are suspected, and lose messages wherever a schedule
 * says so. Each exchange is a generator that stops at every message; the schedule chooses who goes on, and whether what is under way is lost.
 * `rules` turns rules of the protocol off, so that a test can see that they are needed.
 */
export interface Rules {
  /** A move whose end nobody knows takes an epoch above both copies. */
  readonly goesAbove: boolean;
  /** A source writes down that it has sent its last stage. */
  readonly notes: boolean;
  /** A source keeps its copy until the other one, which runs already, is on the target's disk. */
  readonly waits: boolean;
}

interface State {
  readonly epoch: number;
  readonly sequence: number;
  /** The guest: how often it has been called. */
  readonly count: number;
  readonly answered: ReadonlyMap<number, number>;
}
interface Guest {
  state: State;
  /** It stands, and is on its way there, or there. */
  leaving: { readonly to: Device; readonly epoch: number } | undefined;
  busy: boolean;
  /** It runs, and is on its way to the disk: nobody is told that it is there. */
  landing: boolean;
}
class Member {
  incarnation = 0;
  /** On the disk: a copy of another's checkpoint, and the epoch below which none is taken. */
  copy: State | undefined;
  fence = 0;
}
class Device extends Member {
  own: State | undefined;
  ownFence = 0;
  /** On the disk, too: where it may be from now on. */
  leaving: { readonly to: Device; readonly epoch: number } | undefined;
  guest: Guest | undefined;
  /** What the orchestrator believes. */
  alive = true;
}

/** There is no answer. */
class Lost extends Error {}
/** Who has asked is not there any more. */
class Dead extends Error {}
class Older extends Error {}

/** What is under way stops here; it is told whether its message is lost. */
type Way<T> = Generator<undefined, T, boolean>;

/** How often a source asks how its move has ended, before it is left to the next who wonders. */
const ASKED = 3;

const NEWBORN: State = { epoch: 1, sequence: 0, count: 0, answered: new Map() };
const isNewer = (a: State, b: State) => a.epoch > b.epoch || (a.epoch === b.epoch && a.sequence > b.sequence);

export class Model {
  private readonly orchestrator = new Member();
  private readonly devices: readonly Device[];
  /** In the orchestrator's database. */
  private record: { device?: Device; epoch: number; last: number; moving?: { to: Device; epoch: number } };
  private locked = false;
  private ways: Way<void>[] = [];
  /** The values that callers have heard, by key; the next key is called until it is answered. */
  readonly heard: number[] = [];
  readonly faults: string[] = [];

  constructor(
    private readonly rules: Rules,
    count = 3,
  ) {
    this.devices = Array.from({ length: count }, () => new Device());
    const [first] = this.devices;
    first.guest = { state: NEWBORN, leaving: undefined, busy: false, landing: false };
    first.own = NEWBORN;
    this.record = { device: first, epoch: 1, last: 1 };
  }

  /** One step, as a number of the schedule says. */
  step(choice: number): void {
    const kinds = 7;
    const device = this.devices[Math.floor(choice / 7) % this.devices.length];
    const kind = choice % (kinds + 3 * this.ways.length);
    if (kind === 0) this.crash(device);
    else if (kind === 1) this.crash(this.orchestrator);
    else if (kind === 2) device.alive = false;
    else if (kind === 3) this.hear(device);
    else if (kind === 4) this.begin(this.call());
    else if (kind === 5) this.begin(choice % 2 === 0 ? this.heal() : this.move(device));
    else if (kind === 6) this.begin(this.wonder(device));
    else this.goOn(Math.floor((kind - kinds) / 3), (kind - kinds) % 3 === 0);
  }

  /** Nothing is lost any more: all that is under way ends, and the next call is answered. */
  end(): void {
    for (let k = 0; k < 400 && this.ways.length > 0; k++) this.goOn(k % this.ways.length, false);
    const before = this.heard.length;
    for (let k = 0; k < 5 && this.heard.length === before; k++) {
      for (const one of this.devices) {
        this.finish(this.wonder(one));
        this.hear(one);
      }
      this.finish(this.heal());
      this.finish(this.call());
    }
    if (this.heard.length === before) this.faults.push('it does not answer any more');
    for (const one of this.devices) this.hear(one);
    const copies = this.devices.filter(({ guest }) => guest !== undefined && !guest.leaving);
    if (copies.length !== 1) this.faults.push(`${copies.length} copies are left`);
  }

  private begin(way: Way<void>): void {
    if (this.ways.length < 6) this.ways.push(way);
  }
  private goOn(index: number, lost: boolean): void {
    const one = this.ways[index];
    if (this.advance(one, lost)) this.ways = this.ways.filter((other) => other !== one);
  }
  private finish(way: Way<void>): void {
    while (!this.advance(way, false));
  }
  private advance(way: Way<void>, lost: boolean): boolean {
    try {
      return way.next(lost).done === true;
    } catch (error) {
      if (error instanceof Lost || error instanceof Older || error instanceof Dead) return true;
      throw error;
    }
  }

  /** What others do for it goes on. */
  private crash(member: Member): void {
    member.incarnation++;
    if (member === this.orchestrator) this.locked = false;
    else if (member instanceof Device)
      member.guest = member.own && {
        state: member.own,
        leaving: this.rules.notes ? member.leaving : undefined,
        busy: false,
        landing: false,
      };
  }

  /** A request that may be lost on its way there or back; whoever is asked may be another process than before. */
  private *ask<T>(from: Member, to: Member, answer: () => T | Way<T>): Way<T> {
    const [asking, asked] = [from.incarnation, to.incarnation];
    let result: T;
    try {
      if (yield) throw new Lost();
      if (to.incarnation !== asked) throw new Lost();
      const given = answer();
      result = isWay(given) ? yield* given : given;
      if ((yield) || to.incarnation !== asked) throw new Lost();
    } catch (error) {
      if (from.incarnation !== asking) throw new Dead();
      throw error instanceof Dead ? new Lost() : error;
    }
    if (from.incarnation !== asking) throw new Dead();
    return result;
  }

  private keep(at: Member, state: State): void {
    if (state.epoch < at.fence) throw new Older();
    if (at.copy !== undefined && !isNewer(state, at.copy)) {
      if (at.copy.epoch === state.epoch && at.copy.sequence === state.sequence) return;
      throw new Older();
    }
    at.copy = state;
  }

  private *call(): Way<void> {
    const { device, epoch } = this.record;
    const key = this.heard.length;
    if (device === undefined || !device.alive) return;
    const value = yield* this.ask(this.orchestrator, device, () => this.compute(device, key));
    const has = () => this.orchestrator.copy?.answered.has(key) === true;
    if (!has()) {
      const state = yield* this.ask(this.orchestrator, device, () => device.own);
      if (state !== undefined) this.keep(this.orchestrator, state);
      if (!has()) return;
    }
    if (this.record.epoch !== epoch) return;
    if (this.heard.length > key) {
      if (this.heard[key] !== value) this.faults.push(`key ${key} was ${this.heard[key]}, and is ${value}`);
    } else {
      if (value !== key + 1) this.faults.push(`key ${key} is ${value}`);
      this.heard.push(value);
    }
  }

  private *compute(device: Device, key: number): Way<number> {
    const { guest } = device;
    if (guest === undefined || guest.leaving || guest.busy || guest.landing) throw new Lost();
    const known = guest.state.answered.get(key);
    if (known !== undefined) return known;
    const { epoch, sequence, count, answered } = guest.state;
    const value = count + 1;
    guest.state = {
      epoch,
      sequence: sequence + 1,
      count: value,
      answered: new Map([...answered, [key, value]]),
    };
    guest.busy = true;
    yield;
    if (device.guest !== guest) throw new Lost();
    // The bytes that are sent are those that have been written, whatever happens to the device meanwhile.
    const written = guest.state;
    device.own = written;
    const neighbour = this.devices[(this.devices.indexOf(device) + 1) % this.devices.length];
    for (const holder of [this.orchestrator, neighbour]) {
      try {
        yield* this.ask(device, holder, () => this.keep(holder, written));
        break;
      } catch (error) {
        if (error instanceof Older && device.guest === guest) device.guest = undefined;
        if (!(error instanceof Lost)) throw error;
      }
      if (device.guest !== guest) throw new Lost();
    }
    if (device.guest !== guest) throw new Lost();
    guest.busy = false;
    return value;
  }

  /** A report arrives: what is older than the record is taken away, and a move to there has ended. */
  private hear(device: Device): void {
    device.alive = true;
    const { guest } = device;
    if (guest === undefined || guest.landing || this.locked) return;
    const { epoch } = guest.state;
    const { moving } = this.record;
    if (moving?.to === device && moving.epoch === epoch) this.arrived(device, epoch);
    else if (epoch < this.record.epoch) this.supersede(device, this.record.epoch);
  }
  private supersede(device: Device, epoch: number): void {
    device.guest = device.own = device.leaving = undefined;
    device.ownFence = epoch;
  }
  /** The source of a move has no copy any more: it was not the only one that outlasts a crash, unless the orchestrator has gone on above both. */
  private letGo(from: Device, to: Device, epoch: number): void {
    const isLanding = to.guest?.landing && to.guest.state.epoch === epoch;
    if (isLanding && this.record.epoch <= epoch) this.faults.push('what is left is on no disk');
    this.supersede(from, epoch);
  }
  private arrived(device: Device, epoch: number): void {
    this.record = { device, epoch, last: this.record.last };
    this.orchestrator.fence = Math.max(this.orchestrator.fence, epoch);
  }

  private adopt(device: Device, state: State): void {
    this.take(device, state);
    device.own = state;
  }
  /** The last stage of a move: it is on the disk some time later, unless the device crashes before that. */
  private land(device: Device, state: State): void {
    const guest = this.take(device, state);
    guest.landing = true;
    const written = function* (): Way<void> {
      yield;
      if (device.guest !== guest) return;
      device.own = state;
      guest.landing = false;
    };
    this.ways.push(written());
  }
  private take(device: Device, state: State): Guest {
    if (device.guest?.landing) throw new Lost();
    if (state.epoch < device.ownFence || (device.guest?.state.epoch ?? 0) >= state.epoch) throw new Older();
    device.guest = { state, leaving: undefined, busy: false, landing: false };
    device.leaving = undefined;
    device.ownFence = state.epoch;
    return device.guest;
  }
  /** Whether it has not come, and cannot come any more. */
  private refuse(device: Device, epoch: number): boolean {
    if (device.guest?.landing) throw new Lost();
    if ((device.guest?.state.epoch ?? 0) >= epoch) return false;
    device.ownFence = Math.max(device.ownFence, epoch + 1);
    return true;
  }

  private *lock(work: () => Way<void>): Way<void> {
    if (this.locked) return;
    this.locked = true;
    const { incarnation } = this.orchestrator;
    try {
      yield* work();
    } finally {
      if (this.orchestrator.incarnation === incarnation) this.locked = false;
    }
  }

  private heal(): Way<void> {
    return this.lock(
      function* (this: Model): Way<void> {
        const known = yield* this.settle();
        const { device, last } = this.record;
        const has = device?.alive && device.guest?.state.epoch === this.record.epoch;
        if (has && known) return;
        const epoch = last + 1;
        this.record = { epoch, last: epoch };
        this.orchestrator.fence = epoch;
        let best = this.orchestrator.copy;
        for (const one of this.devices.filter(({ alive }) => alive)) {
          try {
            const copy = yield* this.ask(this.orchestrator, one, () => {
              one.fence = Math.max(one.fence, epoch);
              return one.copy;
            });
            if (copy !== undefined && (best === undefined || isNewer(copy, best))) best = copy;
          } catch (error) {
            if (!(error instanceof Lost)) throw error;
          }
        }
        const to = this.devices.find((one) => one.alive);
        if (to === undefined) return;
        yield* this.ask(this.orchestrator, to, () =>
          this.adopt(to, { ...(best ?? NEWBORN), epoch, sequence: 0 }),
        );
        this.record = { ...this.record, device: to };
      }.bind(this),
    );
  }

  private *settle(): Way<boolean> {
    const { moving } = this.record;
    if (moving === undefined) return true;
    const forget = (): void => {
      this.record = { ...this.record, moving: undefined };
    };
    try {
      if (!moving.to.alive) throw new Lost();
      if (yield* this.ask(this.orchestrator, moving.to, () => this.refuse(moving.to, moving.epoch))) forget();
      else this.arrived(moving.to, moving.epoch);
      return true;
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      if (this.rules.goesAbove) return false;
      forget();
      return true;
    }
  }

  private move(to: Device): Way<void> {
    return this.lock(
      function* (this: Model): Way<void> {
        if (!(yield* this.settle())) return;
        const { device: from, last } = this.record;
        if (from === undefined || from === to || !to.alive) return;
        const epoch = last + 1;
        this.record = { ...this.record, last: epoch, moving: { to, epoch } };
        try {
          yield* this.ask(this.orchestrator, from, () => this.leave(from, to, epoch));
        } catch (error) {
          if (!(error instanceof Lost) && !(error instanceof Older)) throw error;
          yield* this.settle();
          return;
        }
        this.arrived(to, epoch);
      }.bind(this),
    );
  }

  /** The source: it stands until it knows how the move has ended. */
  private *leave(from: Device, to: Device, epoch: number): Way<void> {
    const { guest } = from;
    if (guest === undefined || guest.leaving !== undefined || guest.busy) throw new Lost();
    guest.leaving = from.leaving = { to, epoch };
    const state = { ...guest.state, epoch, sequence: 0 };
    try {
      yield* this.ask(from, to, () => this.land(to, state));
      if (!this.rules.waits && from.guest === guest) this.letGo(from, to, epoch);
    } catch (error) {
      if (error instanceof Older && from.guest === guest) guest.leaving = from.leaving = undefined;
      if (!(error instanceof Lost)) throw error;
    }
    for (let k = 0; k < ASKED && from.guest === guest && guest.leaving !== undefined; k++)
      try {
        yield* this.wonder(from);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
      }
    if (from.guest === guest) throw new Lost();
  }

  /** A source that has heard nothing asks the target, and the orchestrator. */
  private *wonder(from: Device): Way<void> {
    const { guest } = from;
    if (guest?.leaving === undefined) return;
    const { to, epoch } = guest.leaving;
    let arrived: boolean | undefined;
    try {
      arrived = !(yield* this.ask(from, to, () => this.refuse(to, epoch)));
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      arrived = yield* this.ask(from, this.orchestrator, () => this.settled(epoch));
    }
    if (from.guest !== guest || arrived === undefined) return;
    if (arrived) this.letGo(from, to, epoch);
    else guest.leaving = from.leaving = undefined;
  }
  private settled(epoch: number): boolean | undefined {
    const { epoch: current, moving } = this.record;
    if (current >= epoch) return true;
    return moving === undefined ? false : undefined;
  }
}

function isWay<T>(value: T | Way<T>): value is Way<T> {
  return typeof value === 'object' && value !== null && 'next' in value;
}
