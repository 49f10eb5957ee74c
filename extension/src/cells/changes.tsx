/** What changed between an earlier execution of a cell and its latest: code, params, data, environment, metrics. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Api, IDiff, Scalar } from '../api';
import { exact, number } from '../common/format';
import { useAnswer } from '../common/hooks';
import { Problem } from '../common/message';
import { lines } from '../main/unified';

/** The diff of two runs, `before` the earlier one. */
export function Changes(props: { api: Api; before: string; after: string; trans: TranslationBundle }): JSX.Element {
  const { api, before, after, trans } = props;
  const { value, error, again } = useAnswer(() => api.diff(before, after), [api, before, after]);
  const place = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
  }, [value]);
  return (
    <section ref={place} className="jp-nbledger-cell-changes" aria-label={trans.__('What changed since')} aria-live="polite">
      {error && <Problem trans={trans} error={error} onRetry={again} inline />}
      {value ? <Sections diff={value} trans={trans} /> : !error && <p>{trans.__('Comparing…')}</p>}
    </section>
  );
}

function Sections(props: { diff: IDiff; trans: TranslationBundle }): JSX.Element {
  const { diff, trans } = props;
  const { code, params, data, environment } = diff;
  const metrics = diff.metrics.filter(metric => metric.before !== metric.after || !metric.comparable);
  const isEmpty = [code, params, metrics, data, environment].every(part => part.length === 0);
  return (
    <>
      {diff.conclusion && <p className="jp-nbledger-cell-conclusion">{diff.conclusion}</p>}
      {isEmpty && !diff.conclusion && <p>{trans.__('Nothing changed: same code, params, data and environment.')}</p>}
      {code.map((part, index) => (
        <Code key={index} name={part.name} unified={part.unified} trans={trans} />
      ))}
      <Values title={trans.__('Params')} rows={params} trans={trans} />
      <Values title={trans.__('Metrics')} rows={metrics} trans={trans} />
      {metrics
        .filter(metric => !metric.comparable && metric.why_not)
        .map(metric => (
          <p key={metric.name} className="jp-nbledger-cell-note">
            {metric.name}: {metric.why_not}
          </p>
        ))}
      {data.length > 0 && (
        <>
          <h3>{trans.__('Data')}</h3>
          <ul>
            {data.map(item => (
              <li key={item.name}>
                <code>{item.name}</code> {item.summary}
                {item.columns.map(column => (
                  <div key={column.name} className="jp-nbledger-cell-note">
                    <code>{column.name}</code> {column.change}
                  </div>
                ))}
              </li>
            ))}
          </ul>
        </>
      )}
      <Values title={trans.__('Environment')} rows={environment} trans={trans} />
    </>
  );
}

/** A unified diff, line by line; the sign stands in the text, so that the colour alone need not tell. */
function Code(props: { name: string; unified: string; trans: TranslationBundle }): JSX.Element {
  const sign = { same: ' ', removed: '\u2212', added: '+', gap: '\u22ef' };
  return (
    <>
      <h3>{props.trans.__('Code of %1', props.name)}</h3>
      <pre tabIndex={0} aria-label={props.trans.__('Changes of the code of %1', props.name)}>
        {lines(props.unified).map((line, index) => (
          <span key={index} data-kind={line.kind}>
            {`${sign[line.kind]} ${line.text}\n`}
          </span>
        ))}
      </pre>
    </>
  );
}

function Values(props: {
  title: string;
  rows: { name: string; before: Scalar; after: Scalar }[];
  trans: TranslationBundle;
}): JSX.Element | null {
  const { title, rows, trans } = props;
  if (rows.length === 0) {
    return null;
  }
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Then')}</th>
          <th scope="col">{trans.__('Latest')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td title={exact(row.before)}>{shown(row.before)}</td>
            <td title={exact(row.after)}>{shown(row.after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shown(value: Scalar): string {
  return value === null ? '–' : number(value);
}
