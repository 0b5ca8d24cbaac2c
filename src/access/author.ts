import type { Author } from '../store/history.js';
import type { Access } from './narrow.js';

/** Who writes, as the history keeps it. */
export const authorOf = ({ credential, user, onBehalfOf }: Access): Author => ({
  ...(credential !== '' && { credential }),
  ...(user !== undefined && { user }),
  ...(onBehalfOf !== undefined && { onBehalfOf }),
});
