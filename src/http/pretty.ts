/** Indents JSON text without parsing it: decimals stay as they are written. */
export function pretty(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  const line = (): string => `\n${'  '.repeat(depth)}`;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') {
      const end = endOfString(text, at);
      parts.push(text.slice(at, end));
      at = end - 1;
    } else if (character === '{' || character === '[') {
      depth++;
      const empty = text[at + 1] === '}' || text[at + 1] === ']';
      parts.push(empty ? character : character + line());
    } else if (character === '}' || character === ']') {
      depth--;
      const empty = text[at - 1] === '{' || text[at - 1] === '[';
      parts.push(empty ? character : line() + character);
    } else if (character === ',') parts.push(character + line());
    else parts.push(character === ':' ? ': ' : character);
  }
  return parts.join('');
}

/** The index after the quote that closes the string. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at > 0) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}
