import type { LeafParam } from '../../define/params.js';
import { date } from './date.js';
import type { Kind } from './kind.js';
import { quantity } from './quantity.js';
import { reference } from './reference.js';
import { string } from './string.js';
import { token } from './token.js';
import { uri } from './uri.js';

const kinds = { token, string, date, reference, quantity, uri };

/** The kind of a parameter. Erased: a parameter only ever meets the kind that its own `kind` names. */
export const kindOf = <P extends LeafParam>(param: P): Kind<P> => kinds[param.kind] as unknown as Kind<P>;
