export { code, boolean, folded, number, string, uri } from './scalars.js';
export { coding, concept, foldedConcept } from './coded.js';
export { quantity, range, ratio } from './quantities.js';
export { date, dateTime, period, span, timing } from './times.js';
export { address, contactPoint, humanName, identifier } from './people.js';
export { reference } from './references.js';
export { extension, extensionOf, extensions, repeatedExtension } from './extensions.js';
export { first, group, list, only, when } from './structure.js';
