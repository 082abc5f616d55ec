/** A browser and its pages, whichever it is. */
import { rmSync } from 'node:fs';

export interface Browser {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** Milliseconds between two looks at a page, and how often it is looked at. */
const BETWEEN_TRIES = 100;
const MOST_TRIES = 1000;

export abstract class Page {
  /** The value of an expression, as JSON has it; of a promise, what it comes to. */
  abstract evaluate(expression: string): Promise<unknown>;
  /** A PNG. */
  abstract screenshot(): Promise<Uint8Array>;
  /** What a script of the page threw and nobody caught. */
  protected abstract thrown(): string | undefined;
  /** Whether it is what an evaluation fails with whose page goes elsewhere meanwhile. */
  protected abstract isElsewhere(error: unknown): boolean;

  /** As `evaluate`; undefined when the page goes elsewhere meanwhile. */
  private async asked(expression: string): Promise<unknown> {
    try {
      return await this.evaluate(expression);
    } catch (error) {
      if (this.isElsewhere(error)) return undefined;
      throw error;
    }
  }

  /** Waits until the page, or one that follows it, has given itself this title. Fails with what its scripts threw, or with what it shows instead. */
  async titled(title: string): Promise<void> {
    for (let tries = 0; (await this.asked('document.title')) !== title; tries++) {
      const thrown = this.thrown();
      if (thrown !== undefined) throw new Error(thrown);
      if (tries === MOST_TRIES)
        throw new Error(
          `no title ${title}: ${await this.evaluate('location + ": " + document.body.innerText')}`,
        );
      // An extension that has only just been loaded may not be there yet.
      if ((await this.asked('location.protocol')) === 'chrome-error:') await this.asked('location.reload()');
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES));
    }
  }

  text(id: string): Promise<unknown> {
    return this.evaluate(`document.getElementById(${JSON.stringify(id)}).textContent`);
  }
}

/** The folder of a browser that has ended. */
export function removeProfile(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  } catch (error) {
    // Its other processes may be writing yet: then the folder stays where temporary ones are.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}
