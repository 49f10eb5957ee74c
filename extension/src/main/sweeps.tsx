/** Sweeps as they go: how far each is, its best trial, all trials, and the figure of its progress. */
import React from 'react';

import type { ISweep, ISweepRow, ITrial } from '../api';
import { count, duration, short } from '../common/format';
import { useAnswer } from '../common/hooks';
import type { IViewProps } from './context';
import { Figure } from './figure';
import { useLive, useNow } from './hooks';
import { allPages } from './pages';
import { Action, Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, StatusWord, Value } from './parts';
import { Progress, tallied } from './progress';
import { type Order, ordered } from './trials';

const FIGURE = 'sweep_progress';
const PAGE = 200;

export default function SweepsView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const answer = useLive(props, () => allPages(api.sweeps, 500), []);
  return (
    <Loaded answer={answer} trans={trans}>
      {rows =>
        rows.length === 0 ? (
          <>
            <Head title={trans.__('Sweeps')} />
            <Nothing>{trans.__('There are none yet. Start one with: nbledger sweep NOTEBOOK --grid NAME=VALUE,VALUE --metric METRIC')}</Nothing>
          </>
        ) : (
          <Sweeps {...props} rows={rows} />
        )
      }
    </Loaded>
  );
}

function Sweeps(props: IViewProps & { rows: ISweepRow[] }): JSX.Element {
  const { rows, trans, keep } = props;
  const chosen = rows.find(row => row.id === props.args.sweep) ?? rows[0];
  return (
    <div className="jp-nbledger-main-split">
      <nav className="jp-nbledger-main-models" aria-label={trans.__('Sweeps')}>
        <h3>{trans._n('%1 sweep', '%1 sweeps', rows.length)}</h3>
        <ul>
          {rows.map(row => (
            <li key={row.id}>
              <button
                type="button"
                className="jp-nbledger-main-model"
                aria-current={row === chosen ? 'true' : undefined}
                onClick={() => keep({ sweep: row.id })}
              >
                <span className="jp-nbledger-main-model-name">{row.name || row.notebook}</span>
                <span className="jp-nbledger-main-model-facts">
                  <StatusWord status={row.status} trans={trans} /> {tallied(row.counts, row.total, trans)} <Moment at={row.started_at} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div className="jp-nbledger-main-split-body">
        <Sweep key={chosen.id} {...props} id={chosen.id} />
      </div>
    </div>
  );
}

function Sweep(props: IViewProps & { id: string }): JSX.Element {
  const { id, api, trans } = props;
  const answer = useLive(props, () => api.sweep(id), [id]);
  return (
    <Loaded answer={answer} trans={trans}>
      {sweep => <Shown {...props} sweep={sweep} />}
    </Loaded>
  );
}

function Shown(props: IViewProps & { sweep: ISweep }): JSX.Element {
  const { sweep, trans, context, path } = props;
  const isOn = sweep.status === 'running';
  const now = useNow(isOn);
  const took = isOn ? now - sweep.started_at : sweep.duration;
  const { best } = sweep;
  const [picked, pick] = React.useState<ReadonlySet<string>>(new Set());
  return (
    <>
      <Head
        title={sweep.name || sweep.notebook}
        facts={
          <>
            <StatusWord status={sweep.status} trans={trans} />
            <span>{sweep.notebook}</span>
            <span>{sweep.strategy}</span>
            <Moment at={sweep.started_at} />
            {took !== null ? <span>{duration(took)}</span> : null}
            <RunLink context={context} path={path} id={sweep.id} />
          </>
        }
      >
        <Action
          label={picked.size > 1 ? trans.__('Compare %1 trials', picked.size) : trans.__('Compare trials')}
          why={picked.size < 2 ? trans.__('Choose two or more trials in the table first.') : ''}
          onClick={() => context.opener.compare(path, [...picked])}
        />
      </Head>
      <Progress counts={sweep.counts} total={sweep.total} trans={trans} />
      {best && sweep.metric ? (
        <p className="jp-nbledger-main-conclusion">
          {trans.__('Best so far: trial %1 with %2', best.number, sweep.metric)} <Value value={best.value} />{' '}
          <span className="jp-nbledger-main-note">
            {sweep.minimize ? trans.__('(less is better)') : trans.__('(more is better)')}{' '}
            {Object.entries(best.params)
              .map(([name, value]) => `${name}=${String(value)}`)
              .join(', ')}
          </span>{' '}
          <RunLink context={context} path={path} id={best.run} />
        </p>
      ) : null}
      <SweepFigure {...props} />
      <Section title={trans.__('Trials')}>
        <Trials {...props} picked={picked} pick={pick} />
      </Section>
    </>
  );
}

function SweepFigure(props: IViewProps & { sweep: ISweep }): JSX.Element | null {
  const { api, sweep, context } = props;
  const kinds = useAnswer(() => api.figures(), [api]);
  const kind = kinds.value?.items.find(one => one.name === FIGURE);
  const done = sweep.trials.filter(trial => trial.status === 'finished').length;
  const figure = useAnswer(async () => (kind ? api.figure(FIGURE, [sweep.id]) : null), [kind?.name, sweep.id, done]);
  return kind && figure.value && done > 0 ? (
    <Section title={kind.title}>
      <Figure figure={figure.value} context={context} isVisible={props.isVisible} />
    </Section>
  ) : null;
}

function Trials(
  props: IViewProps & { sweep: ISweep; picked: ReadonlySet<string>; pick(picked: ReadonlySet<string>): void }
): JSX.Element {
  const { sweep, trans, context, path, picked, pick } = props;
  const [order, setOrder] = React.useState<Order>({ by: sweep.metric ? 'value' : 'number', descending: !sweep.minimize && sweep.metric !== null });
  const [shown, setShown] = React.useState(PAGE);
  const names = React.useMemo(() => [...new Set(sweep.trials.flatMap(trial => Object.keys(trial.params)))], [sweep]);
  const rows = React.useMemo(() => ordered(sweep.trials, order), [sweep, order]);
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) {
      next.add(id);
    }
    pick(next);
  };
  const head = (by: string, label: string, isNumber = false) => (
    <th
      scope="col"
      key={by}
      className={isNumber ? 'jp-mod-number' : undefined}
      aria-sort={order.by === by ? (order.descending ? 'descending' : 'ascending') : undefined}
    >
      <button
        type="button"
        className="jp-nbledger-main-sort"
        onClick={() => setOrder({ by, descending: order.by === by ? !order.descending : false })}
      >
        {label}
        <span aria-hidden="true">{order.by === by ? (order.descending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
  return (
    <Scrolls label={trans.__('Trials')} className="jp-mod-tall">
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="jp-nbledger-main-unseen">{trans.__('Choose')}</span>
            </th>
            {head('number', trans.__('Trial'), true)}
            {head('status', trans.__('Status'))}
            {sweep.metric ? head('value', sweep.metric, true) : null}
            {names.map(name => head(`param:${name}`, name, true))}
            {head('duration', trans.__('Took'), true)}
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col">{trans.__('Worker')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map(trial => (
            <TrialRow
              key={trial.number}
              {...{ trial, names, trans, context, path, sweep }}
              isPicked={picked.has(trial.run)}
              toggle={() => toggle(trial.run)}
            />
          ))}
        </tbody>
      </table>
      {rows.length > shown ? (
        <Action label={trans.__('Show %1 more', count(Math.min(PAGE, rows.length - shown)))} onClick={() => setShown(shown + PAGE)} />
      ) : null}
    </Scrolls>
  );
}

function TrialRow(
  props: Pick<IViewProps, 'trans' | 'context' | 'path'> & {
    trial: ITrial;
    sweep: ISweep;
    names: string[];
    isPicked: boolean;
    toggle(): void;
  }
): JSX.Element {
  const { trial, sweep, names, trans, context, path } = props;
  const hasRun = trial.status !== 'planned' && trial.status !== 'deleted';
  const isBest = sweep.best?.number === trial.number;
  return (
    <tr className={isBest ? 'jp-mod-best' : undefined}>
      <td>
        {hasRun ? (
          <input type="checkbox" aria-label={trans.__('Choose trial %1', trial.number)} checked={props.isPicked} onChange={props.toggle} />
        ) : null}
      </td>
      <th scope="row" className="jp-mod-number">
        {trial.number}
      </th>
      <td>
        <StatusWord status={trial.status} trans={trans} />
        {trial.reason ? <span className="jp-nbledger-main-row-note">{trial.reason}</span> : null}
      </td>
      {sweep.metric ? (
        <td className="jp-mod-number">
          {trial.value === null ? '' : <Value value={trial.value} />}
          {isBest ? <span className="jp-nbledger-main-mark jp-mod-best">{trans.__('best')}</span> : null}
        </td>
      ) : null}
      {names.map(name => (
        <td key={name} className="jp-mod-number">
          {name in trial.params ? <Value value={trial.params[name]} /> : ''}
        </td>
      ))}
      <td className="jp-mod-number">{duration(trial.duration)}</td>
      <td>
        {hasRun ? (
          <RunLink context={context} path={path} id={trial.run}>
            <code>{short(trial.run)}</code>
          </RunLink>
        ) : null}
      </td>
      <td>
        {trial.worker}
        {trial.attempts > 1 ? <span className="jp-nbledger-main-note"> {trans.__('attempt %1', trial.attempts)}</span> : null}
      </td>
    </tr>
  );
}
