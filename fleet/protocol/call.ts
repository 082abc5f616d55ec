/** A call as documents have it: the function, and its arguments as numbers, or as texts where a number of JSON has too few digits. */
import { list, type Reader, shape, text } from './checked';

export const MAX_ARGUMENTS = 1000;

const value: Reader<number | string> = (found, place) =>
  typeof found === 'number' ? found : text(400)(found, place);

export const callValues = list(value, MAX_ARGUMENTS);
export const calledFunction = text(1024);
export const callDocument = shape({ function: calledFunction, args: callValues });
