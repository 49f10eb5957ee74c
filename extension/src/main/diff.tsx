/** What differs between two runs, and what of it changed the numbers. */
import React from 'react';

import type { IDiff, IRunDetail, Scalar } from '../api';
import { change as signed, short } from '../common/format';
import { useAnswer } from '../common/hooks';
import { DiffTable } from './code';
import type { IViewProps } from './context';
import { Action, Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, Value, runName } from './parts';
import { counts, lines } from './unified';

export default function DiffView(props: IViewProps): JSX.Element {
  const { api, trans, context, path } = props;
  const [a, b] = [props.args.a as string, props.args.b as string];
  const answer = useAnswer(async () => Promise.all([api.diff(a, b), api.run(a), api.run(b)]), [api, a, b]);
  const turn = () => props.keep({ a: b, b: a });
  React.useEffect(() => props.entitle(trans.__('Diff %1 … %2', short(a), short(b))), [a, b]);
  return (
    <Loaded answer={answer} trans={trans}>
      {([diff, before, after]) => (
        <>
          <Head
            title={trans.__('What changed')}
            facts={
              <>
                <Side {...props} run={before} label={trans.__('before')} />
                <span aria-hidden="true">→</span>
                <Side {...props} run={after} label={trans.__('after')} />
              </>
            }
          >
            <Action label={trans.__('Swap')} onClick={turn} />
            <Action label={trans.__('Compare')} onClick={() => context.opener.compare(path, [a, b])} />
          </Head>
          <Changes {...props} diff={diff} />
        </>
      )}
    </Loaded>
  );
}

function Side(props: IViewProps & { run: IRunDetail; label: string }): JSX.Element {
  const { run, label, trans, context, path } = props;
  return (
    <span>
      {label}{' '}
      <RunLink context={context} path={path} id={run.id}>
        {runName(run, trans)} <code>{short(run.id)}</code>
      </RunLink>{' '}
      <Moment at={run.started_at} />
    </span>
  );
}

function Changes(props: IViewProps & { diff: IDiff }): JSX.Element {
  const { diff, trans, context } = props;
  const isSame = [diff.code, diff.params, diff.metrics, diff.data, diff.environment].every(part => part.length === 0);
  return (
    <>
      {diff.conclusion ? <p className="jp-nbledger-main-conclusion">{diff.conclusion}</p> : null}
      {isSame ? <Nothing>{trans.__('Nothing that was recorded differs.')}</Nothing> : null}
      {diff.metrics.length > 0 ? (
        <Section title={trans.__('Metrics')}>
          <Pairs {...props} label={trans.__('Metrics')} rows={diff.metrics} />
        </Section>
      ) : null}
      {diff.params.length > 0 ? (
        <Section title={trans.__('Params')}>
          <Pairs {...props} label={trans.__('Params')} rows={diff.params} />
        </Section>
      ) : null}
      {diff.data.length > 0 ? (
        <Section title={trans.__('Data')}>
          {diff.data.map((one, place) => (
            <div key={place} className="jp-nbledger-main-data">
              <h4>{one.name}</h4>
              <p>{one.summary}</p>
              {one.columns.length > 0 ? (
                <Scrolls label={trans.__('Columns of %1', one.name)}>
                  <table className="jp-nbledger-main-table">
                    <thead>
                      <tr>
                        <th scope="col">{trans.__('Column')}</th>
                        <th scope="col">{trans.__('Change')}</th>
                      </tr>
                    </thead>
                    <tbody>
                      {one.columns.map(column => (
                        <tr key={column.name}>
                          <th scope="row">{column.name}</th>
                          <td>{column.change}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </Scrolls>
              ) : null}
            </div>
          ))}
        </Section>
      ) : null}
      {diff.code.length > 0 ? (
        <Section title={trans.__('Code')}>
          {diff.code.map((one, place) => {
            const { added, removed } = counts(lines(one.unified));
            return (
              <div key={place}>
                <h4>
                  {one.name}{' '}
                  <span className="jp-nbledger-main-note">
                    <span className="jp-mod-added">+{added}</span> <span className="jp-mod-removed">−{removed}</span>
                  </span>
                </h4>
                <DiffTable unified={one.unified} context={context} label={trans.__('Code of %1', one.name)} />
              </div>
            );
          })}
        </Section>
      ) : null}
      {diff.environment.length > 0 ? (
        <Section title={trans.__('Environment')}>
          <Pairs {...props} label={trans.__('Environment')} rows={diff.environment} />
        </Section>
      ) : null}
      <Section title={trans.__('In words')} folds folded>
        <Scrolls label={trans.__('In words')} className="jp-nbledger-main-code">
          <pre>{diff.text}</pre>
        </Scrolls>
      </Section>
    </>
  );
}

type Pair = { name: string; before: Scalar; after: Scalar; comparable?: boolean; why_not?: string };

function Pairs(props: IViewProps & { rows: Pair[]; label: string }): JSX.Element {
  const { rows, trans, label } = props;
  const isNumbers = rows.some(row => typeof row.before === 'number' || typeof row.after === 'number');
  const className = isNumbers ? 'jp-mod-number' : undefined;
  const hasGain = rows.some(row => row.comparable !== undefined);
  return (
    <Scrolls label={label}>
      <table className="jp-nbledger-main-table jp-mod-pairs">
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col" className={className}>
              {trans.__('Before')}
            </th>
            <th scope="col" className={className}>
              {trans.__('After')}
            </th>
            {hasGain ? <th scope="col">{trans.__('Change')}</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              <th scope="row">{row.name}</th>
              <td className={className}>{row.before === null ? '–' : <Value value={row.before} />}</td>
              <td className={className}>{row.after === null ? '–' : <Value value={row.after} />}</td>
              {hasGain ? <td>{gain(row, trans)}</td> : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}

function gain(row: Pair, trans: IViewProps['trans']): React.ReactNode {
  if (row.comparable === false) {
    return (
      <>
        <span className="jp-nbledger-main-mark jp-mod-warn">{trans.__('not comparable')}</span>{' '}
        <span className="jp-nbledger-main-note">{row.why_not}</span>
      </>
    );
  }
  return typeof row.before === 'number' && typeof row.after === 'number' ? signed(row.after - row.before) : '';
}
