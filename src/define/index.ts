/** The language that fhir/ is written in: the only part of src/ that is imported there. */
export * as el from './elements/index.js';
export { ABSENT } from './dates.js';
export { column, searchColumn, textAt, type DraftRow, type Values } from './elements/element.js';
export type { ExtensionElement } from './elements/extensions.js';
export { view } from './elements/view.js';
export { codes } from './codes.js';
export { composite, date, either, kept, quantity, reference, text, token, uri, within } from './params.js';
export { clinical, defineResource, prefixed } from './resource.js';
export type * as columns from './columns.js';
