import type { ComponentChild } from 'preact';

/** A term and what is to be said of it. */
export type Fact = readonly [term: string, value: ComponentChild];

/** What is known of one thing, each with its name. What is not known is left out. */
export const Facts = ({ facts }: { facts: readonly Fact[] }) => (
  <dl>
    {facts
      .filter(([, value]) => value !== undefined && value !== '' && value !== false)
      .map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
  </dl>
);
