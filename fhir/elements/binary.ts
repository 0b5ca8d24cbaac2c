import { column, el, textAt } from '../../src/define/index.js';

/**
 * The URL of an attachment: `Binary/[id]`, relative to the FHIR base, for bytes that Portico holds (`blob_id`); any
 * other URL as it is. A search finds either by `url`.
 */
export function binary() {
  const url = el.uri('url');
  const own = /^Binary\/([A-Za-z0-9\-.]{1,64})$/;
  return {
    ...url,
    columns: [...url.columns, column('blob_id')],
    reader: (at) => {
      const blob = textAt(at, 'blob_id');
      const read = url.reader(at);
      return (row, context) => {
        const id = blob(row, context);
        return id === undefined ? read(row, context) : `Binary/${id}`;
      };
    },
    write: (value, into, context) => {
      const id = own.exec(value.startsWith(`${context.base}/`) ? value.slice(context.base.length + 1) : value)?.[1];
      url.write(id === undefined ? value : `Binary/${id}`, into, context);
      if (id !== undefined) into['blob_id'] = id;
    },
  } satisfies typeof url;
}
