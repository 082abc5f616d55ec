/** Structured control with labels, for engines that have them. */
import type { Control } from './surroundings';

export const LABELS: Control = {
  block: (id, body) => `L${id}:{${body()}}`,
  conditional: (id, used, body) => (used ? `L${id}:${body()}` : body()),
  loop: (id, body) => `L${id}:for(;;){${body()}break L${id}}`,
  leave: (id) => `break L${id};`,
  repeat: (id) => `continue L${id};`,
  table: (value, cases, last) => {
    const texts = cases.map(([list, text]) => `${list.map((k) => `case ${k}:`).join('')}${text}`);
    return `switch(${value}){${texts.join('')}default:${last}}`;
  },
};
