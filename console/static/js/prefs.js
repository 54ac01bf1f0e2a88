// What a browser keeps for its operator: the theme, drafts, what was read. A browser
// that keeps nothing, as in some private windows, works all the same.

const prefix = 'bridged.';

export function recall(name, otherwise = null) {
  try {
    const text = localStorage.getItem(prefix + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  try {
    if (value === null || value === '') localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, JSON.stringify(value));
  } catch {
    // full or forbidden: then nothing is kept
  }
}
