/**
 * Seconds that CoreMark is told, so that it chooses the same iterations everywhere: its first trial run seems to take half a second, its
 * second ten, and so the measured run has twice as many iterations as that.
 */
export const CLOCK = [0, 0.5, 1, 11, 12, 40];
