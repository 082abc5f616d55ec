/** A physics engine with SIMD (Rust, wasm-bindgen): a heap of boxes and balls falls and comes to rest. */
import { createHash } from 'node:crypto';

export async function run(): Promise<unknown> {
  const { default: rapier } = await import('@dimforge/rapier2d-simd-compat');
  await rapier.init();
  const world = new rapier.World({ x: 0, y: -9.81 });
  world.createCollider(rapier.ColliderDesc.cuboid(20, 0.5));
  const bodies = Array.from({ length: 15 }, (_, k) => {
    const at = rapier.RigidBodyDesc.dynamic().setTranslation((k % 5) * 0.9 - 2, 2 + k * 0.7);
    const body = world.createRigidBody(at);
    const shape = k % 3 === 0 ? rapier.ColliderDesc.ball(0.4) : rapier.ColliderDesc.cuboid(0.4, 0.3);
    world.createCollider(shape.setRestitution(0.3), body);
    return body;
  });
  for (let step = 0; step < 40; step++) world.step();
  const places = bodies.map((body) => [body.translation().x, body.translation().y, body.rotation()]);
  const snapshot = world.takeSnapshot();
  return { places, snapshot: createHash('sha256').update(snapshot).digest('hex'), length: snapshot.length };
}
