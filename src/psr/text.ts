/**
 * The standard fonts of PDF know the characters of Windows-1252 and no others; anything else would come out as a wrong
 * letter. So: letters with marks lose the marks, Greek and Cyrillic are transliterated, and what is left is a visible `?`.
 */
export const MISSING = '?';

const isWindows1252 = /^[\u0020-\u007e\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]*$/;

const lookAlikes = pairs('łl ŁL đd ĐD ħh ĦH ıi ŋn ŊN ŧt ŦT ĸk ʻ‘ ʼ’ ′’ ″” ‐- ‑- ‒– ―— −- ≤<= ≥>= ≠<> ≈~ →-> ←<- ↑^');
const cyrillic = pairs(
  'аa бb вv гg дd еe жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ ыy ьʹ эe юyu яya ґg єie іi їi ўu јj љlj њnj ћc ђdj џdz',
);
const greek = pairs('αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo');

function pairs(list: string): ReadonlyMap<string, string> {
  return new Map(list.split(' ').map((pair) => [pair.charAt(0), pair.slice(1).replace('ʹ', '')]));
}

/** The text in characters that the fonts have; line breaks stay. */
export function printable(text: string): string {
  if (isWindows1252.test(text)) return text;
  let printed = '';
  for (const letter of text.normalize('NFC').replace(micro, 'µ'))
    printed += isWindows1252.test(letter) ? letter : replacement(letter);
  return printed;
}

/** A Greek mu that stands alone is the prefix of a unit: as `m` it would make grams of it a thousand times more. */
const micro = /(?<!\p{Script=Greek})μ(?!\p{Script=Greek})/gu;

function replacement(letter: string): string {
  if (letter === '\n') return letter;
  if (/^[\p{Cc}\p{Zs}]$/u.test(letter)) return ' ';
  // Marks and joiners that no base letter took up: they are not letters of their own.
  if (/^[\p{M}\p{Cf}]$/u.test(letter)) return '';
  const known = transliterated(letter);
  if (known !== undefined) return known;
  // Only letters lose their marks: a sign without its stroke says the opposite.
  const bare = letter.normalize('NFKD').replace(/(?<=\p{L}\p{M}*)\p{M}/gu, '');
  if (bare !== '' && isWindows1252.test(bare)) return bare;
  return transliterated(bare) ?? MISSING;
}

function transliterated(letter: string): string | undefined {
  const lower = letter.toLowerCase();
  const found = lookAlikes.get(letter) ?? cyrillic.get(lower) ?? greek.get(lower);
  return found !== undefined && lower !== letter ? found.charAt(0).toUpperCase() + found.slice(1) : found;
}
