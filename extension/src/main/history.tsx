/** Which version held an alias when: a band in time for each alias, a question by date, and the moves as a table. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IAliasEvent } from '../api';
import { when } from '../common/format';
import { type ISpan, heldAt, places, spans } from './held';
import { Moment, Nothing } from './parts';
import { Table } from './table';

/** `isWhole` says that these are all moves; else they are the latest, and nothing is known of the time before. */
export function History(props: { events: IAliasEvent[]; isWhole: boolean; trans: TranslationBundle }): JSX.Element {
  const { events, isWhole, trans } = props;
  const byAlias = React.useMemo(() => spans(events), [events]);
  if (events.length === 0) {
    return <Nothing>{trans.__('No alias was ever set.')}</Nothing>;
  }
  const from = Math.min(...events.map(event => event.at));
  const now = Date.now() / 1000;
  return (
    <>
      <div className="jp-nbledger-main-bands">
        {[...byAlias].map(([alias, own]) => (
          <Band key={alias} alias={alias} own={own} from={from} now={now} trans={trans} />
        ))}
        <div className="jp-nbledger-main-band-ends" aria-hidden="true">
          <span>{when(from)}</span>
          <span>{trans.__('now')}</span>
        </div>
      </div>
      <AtTime byAlias={byAlias} from={isWhole ? null : from} trans={trans} />
      <Table
        label={trans.__('Moves of the aliases')}
        className="jp-mod-tall"
        columns={[
          { label: trans.__('When') },
          { label: trans.__('Alias') },
          { label: trans.__('Move') },
          { label: trans.__('How') },
          { label: trans.__('By') },
          { label: trans.__('Why') }
        ]}
      >
        {[...events]
          .sort((one, other) => other.at - one.at)
          .map((event, place) => (
            <tr key={place}>
              <td>
                <Moment at={event.at} />
              </td>
              <th scope="row">@{event.alias}</th>
              <td className="jp-mod-whole">
                {event.previous ?? trans.__('none')} → {event.version ?? trans.__('none')}
              </td>
              <td>{kindWord(event.kind, trans)}</td>
              <td>{event.who}</td>
              <td>{event.why}</td>
            </tr>
          ))}
      </Table>
    </>
  );
}

function Band(props: { alias: string; own: ISpan[]; from: number; now: number; trans: TranslationBundle }): JSX.Element {
  const { alias, own, from, now, trans } = props;
  const boxes = places(own, from, now);
  const end = (span: ISpan) => (span.to === null ? trans.__('now') : when(span.to));
  return (
    <div className="jp-nbledger-main-band">
      <span className="jp-nbledger-main-band-name">@{alias}</span>
      <ol className="jp-nbledger-main-band-line" aria-label={trans.__('Versions that held @%1, the earliest first', alias)}>
        {own.map((span, place) => {
          const words = trans.__('Version %1, %2 to %3', span.version, when(span.from), end(span));
          return (
            <li
              key={place}
              className={span.to === null ? 'jp-mod-now' : undefined}
              style={{ left: `${boxes[place].left}%`, width: `${boxes[place].width}%` }}
              title={[words, span.event.who, span.event.why].filter(Boolean).join('\n')}
              aria-label={words}
            >
              <span aria-hidden="true">{span.version}</span>
            </li>
          );
        })}
      </ol>
    </div>
  );
}

/** "Which version was champion on 3 May?" */
function AtTime(props: { byAlias: Map<string, ISpan[]>; from: number | null; trans: TranslationBundle }): JSX.Element {
  const { byAlias, from, trans } = props;
  const id = React.useId();
  const [at, setAt] = React.useState('');
  const time = at ? new Date(at).getTime() / 1000 : NaN;
  const held = [...byAlias].map(([alias, own]) => ({ alias, span: heldAt(own, time) }));
  return (
    <div className="jp-nbledger-main-form jp-mod-inline">
      <label htmlFor={id}>{trans.__('Which version held it at')}</label>
      <input
        id={id}
        type="datetime-local"
        step="1"
        className="jp-nbledger-main-input"
        value={at}
        onChange={event => setAt(event.target.value)}
      />
      <span role="status">
        {Number.isNaN(time)
          ? ''
          : from !== null && time < from
            ? trans.__('That is before the first move shown here: show more of them below.')
            : held
              .map(({ alias, span }) =>
                span ? trans.__('@%1: version %2', alias, span.version) : trans.__('@%1: none', alias)
              )
              .join(', ')}
      </span>
    </div>
  );
}

function kindWord(kind: string, trans: TranslationBundle): string {
  const words: Record<string, string> = {
    set: trans.__('set'),
    moved: trans.__('promoted'),
    'moved back': trans.__('moved back'),
    promoted: trans.__('promoted'),
    rolled_back: trans.__('rolled back'),
    removed: trans.__('removed')
  };
  return words[kind] ?? kind;
}
