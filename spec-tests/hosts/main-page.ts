/** Tasks on a page: embed/browser/tests/main-page.ts calls `answer` with each line. */
import { answering } from './answer';
import { pageEngine } from './page-engines';

export const answer = answering(pageEngine);
