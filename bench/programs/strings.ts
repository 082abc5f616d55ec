// AssemblyScript's runtime at work: strings, arrays, a Map, allocation and reference counting by its tracing collector.
function words(seed: i32): string {
  let text = '';
  for (let i = 0; i < 40; i++) {
    seed = seed * 1103515245 + 12345;
    text += 'w' + ((seed >> 16) & 31).toString() + (i & 1 ? ' ' : ',');
  }
  return text;
}

function count(text: string): Map<string, i32> {
  const counts = new Map<string, i32>();
  const parts = text.replaceAll(',', ' ').split(' ');
  for (let i = 0; i < parts.length; i++) {
    const word = parts[i];
    if (word.length > 0) counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1);
  }
  return counts;
}

export function run(n: i32): i32 {
  let check = 0;
  for (let r = 0; r < n; r++) {
    const counts = count(words(r));
    const keys = counts.keys().sort();
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      check = check * 31 + counts.get(key) * I32.parseInt(key.substring(1)) + key.charCodeAt(0);
    }
    check ^= keys.join('-').length;
  }
  return check;
}
