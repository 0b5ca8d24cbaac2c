import { Facts } from './facts.js';
import { Table } from './layout.js';
import type { Route } from './visit.js';

/** The native API for people who read: made of the same document as /api/v1/openapi.json, and readable without JavaScript. */
export const apiDocsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/v1/docs',
    who: 'anybody',
    handle: async ({ options }) => {
      // It loads the schemas, for which a start does not wait.
      const { openApi } = await import('../api/openapi.js');
      const document = openApi(options.facade.base) as Document;
      return { title: 'Native API', page: <Page document={document} /> };
    },
  },
];

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    schema: Schema;
    description?: string;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: Schema }> }>>;
}

interface Document {
  readonly info: { readonly title: string; readonly description: string; readonly version: string };
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const Page = ({ document: { info, servers, paths, components } }: { document: Document }) => (
  <>
    <h1>{info.title}</h1>
    <p class="lead">
      <Prose text={info.description} />
    </p>
    <section class="card" aria-label="Addresses">
      <Facts
        facts={[
          ['Address', <code>{addressOf(servers)}</code>],
          ['For programs, OpenAPI 3.1', <a href={`${addressOf(servers)}/openapi.json`}>openapi.json</a>],
          ['Version', info.version],
        ]}
      />
      <p>
        <code>{`curl -H "x-api-key: <token>" '${addressOf(servers)}/patient-channels?status=active'`}</code>
      </p>
      <nav aria-label="On this page">
        <ul class="plain">
          {Object.values(paths).flatMap((operations) =>
            Object.values(operations).map(({ operationId, summary }) => (
              <li key={operationId}>
                <a href={`#${operationId}`}>{summary}</a>
              </li>
            )),
          )}
          <li>
            <a href="#objects">Objects</a>
          </li>
        </ul>
      </nav>
    </section>
    {Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => (
        <Operated key={operation.operationId} path={path} method={method} operation={operation} />
      )),
    )}
    <h2 id="objects">Objects</h2>
    {Object.entries(components.schemas).map(([name, schema]) => (
      <section key={name} id={name}>
        <h3>{name}</h3>
        <Members schema={schema} label={name} />
      </section>
    ))}
  </>
);

const addressOf = (servers: Document['servers']): string => servers[0]?.url ?? '';

/** What stands between backticks is code. */
const Prose = ({ text }: { text: string }) => (
  <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
);

const Operated = ({ path, method, operation }: { path: string; method: string; operation: Operation }) => {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content['application/json']?.schema;
  return (
    <section class="card" aria-labelledby={operationId}>
      <h2 id={operationId}>{summary}</h2>
      <p>
        <code>
          {method.toUpperCase()} {path}
        </code>
      </p>
      {description !== undefined && (
        <p>
          <Prose text={description} />
        </p>
      )}
      {parameters.length > 0 && (
        <Table label={`Parameters of: ${summary}`} heads={['Parameter', 'In', 'Type', 'What it is']}>
          {parameters.map(({ name, in: place, required, schema, description: said }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{place}</td>
              <td class="long">
                <Type schema={schema} />
              </td>
              <td class="long">
                <Prose text={`${required ? 'Required. ' : ''}${said ?? schema.description ?? ''}`} />
              </td>
            </tr>
          ))}
        </Table>
      )}
      {body && (
        <p>
          Body: <Type schema={body} />
        </p>
      )}
      <Table label={`Answers of: ${summary}`} heads={['Status', 'When', 'Body']}>
        {Object.entries(responses).map(([status, { description: when, content = {} }]) => (
          <tr key={status}>
            <th scope="row">{status}</th>
            <td class="long">
              <Prose text={when} />
            </td>
            <td class="long">
              {Object.entries(content).map(([type, { schema }]) => (
                <span key={type}>{type === 'application/json' ? <Type schema={schema} /> : <code>{type}</code>}</span>
              ))}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
};

const Members = ({ schema, label }: { schema: Schema; label: string }) => (
  <Table label={`Members of ${label}`} heads={['Member', 'Type', 'What it is']}>
    {Object.entries(schema.properties ?? {}).map(([name, member]) => (
      <tr key={name}>
        <th scope="row">
          <code>{name}</code>
        </th>
        <td class="long">
          <Type schema={member} />
        </td>
        <td class="long">
          <Prose text={`${schema.required?.includes(name) ? 'Required. ' : ''}${member.description ?? ''}`} />
        </td>
      </tr>
    ))}
  </Table>
);

/** In words: `string, up to 100 characters`. What has a name of its own is a link to it. */
function Type({ schema }: { schema: Schema }) {
  const { $ref: reference, items, anyOf, properties } = schema;
  if (reference !== undefined) {
    const name = reference.split('/').at(-1) ?? '';
    return <a href={`#${name}`}>{name}</a>;
  }
  if (items)
    return (
      <>
        list of <Type schema={items} />
      </>
    );
  if (anyOf)
    return (
      <>
        {anyOf.map((each, index) => (
          <span key={index}>
            {index > 0 && ' or '}
            <Type schema={each} />
          </span>
        ))}
      </>
    );
  if (properties)
    return (
      <>
        {'{ '}
        {Object.entries(properties).map(([name, each], index) => (
          <span key={name}>
            {index > 0 && ', '}
            {name}: <Type schema={each} />
          </span>
        ))}
        {' }'}
      </>
    );
  return <span>{wordsOf(schema)}</span>;
}

function wordsOf({ type, format, enum: words, minimum, maximum, maxLength }: Schema): string {
  if (words) return words.map(String).join(' | ');
  const named = (typeof type === 'string' ? [type] : (type ?? ['any'])).join(' or ');
  const range = minimum !== undefined && maximum !== undefined ? `, ${String(minimum)} to ${String(maximum)}` : '';
  const long = maxLength === undefined ? '' : `, up to ${String(maxLength)} characters`;
  return `${named}${format === undefined ? '' : ` (${format})`}${range}${long}`;
}
