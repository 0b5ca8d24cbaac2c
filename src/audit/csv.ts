/**
 * A cell of a file that spreadsheets open. What they would take for a formula begins with an apostrophe, which they take
 * for "this is text" (https://owasp.org/www-community/attacks/CSV_Injection); all cells are quoted (RFC 4180).
 */
function cell(value: string): string {
  const text = value.replaceAll(/\p{Cc}/gu, ' ');
  const harmless = /^\s*[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

export const csvLine = (values: readonly string[]): string => `${values.map(cell).join(',')}\r\n`;
