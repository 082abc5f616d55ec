/** On a page, before the files of a JS API test. What they throw outside of a test is a failure of the file. */
import { Harness } from '../../node/js-api-tests/shim';

const page = globalThis as unknown as {
  harness: Harness;
  addEventListener(
    type: 'error',
    listener: (event: { error: unknown; preventDefault(): void }) => void,
  ): void;
};
page.harness = new Harness();
page.harness.install(true);
page.addEventListener('error', (event) => {
  page.harness.guard(() => {
    throw event.error;
  }, 'file');
  event.preventDefault();
});
