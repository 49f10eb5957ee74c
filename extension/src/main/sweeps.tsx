/** Sweeps as they go: how far each is, its best trial, all trials, and the figure of its progress. */
import React from 'react';

import type { ISweep, ITrial } from '../api';
import { duration, short } from '../common/format';
import { useAnswer } from '../common/hooks';
import type { IViewProps } from './context';
import { Figure } from './figure';
import { useLive, useNow } from './hooks';
import { Chooser, Cut, Rest, useList } from './lists';
import { Action, Head, Loaded, Moment, RunLink, Section, StatusWord, Value } from './parts';
import { Progress, tallied } from './progress';
import { type IColumn, Table } from './table';
import { type Order, ordered } from './trials';

const FIGURE = 'sweep_progress';
/** Rows of the table, and sweeps of the list, that a page has. */
const PAGE = 200;
const MOST = 50;

export default function SweepsView(props: IViewProps): JSX.Element {
  const { api, trans, keep } = props;
  const wanted = props.args.sweep as string | undefined;
  const list = useList(props, api.sweeps, MOST, [wanted], wanted ? row => row.id === wanted : undefined);
  return (
    <Chooser
      list={list}
      trans={trans}
      label={trans.__('Sweeps')}
      counted={total => trans._n('%1 sweep', '%1 sweeps', total)}
      none={trans.__('There are none yet. Start one with: nbledger sweep NOTEBOOK --grid NAME=VALUE,VALUE --metric METRIC')}
      idOf={row => row.id}
      chosen={wanted}
      called={id => trans.__('The sweep %1', short(id))}
      choose={sweep => keep({ sweep })}
      row={row => ({
        name: row.name || row.notebook,
        facts: (
          <span className="jp-nbledger-main-model-facts">
            <StatusWord status={row.status} trans={trans} /> {tallied(row.counts, row.total, trans)} <Moment at={row.started_at} />
          </span>
        )
      })}
    >
      {row => <Sweep key={row.id} {...props} id={row.id} />}
    </Chooser>
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
  const done = sweep.counts.finished ?? 0;
  const standing = JSON.stringify(sweep.counts);
  const figure = useAnswer(async () => (kind ? api.figure(FIGURE, [sweep.id]) : null), [kind?.name, sweep.id, standing]);
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
  const head = (by: string, label: string, isNumber = false): IColumn => ({
    label,
    isNumber,
    sort: {
      way: order.by === by ? (order.descending ? 'descending' : 'ascending') : undefined,
      choose: () => setOrder({ by, descending: order.by === by ? !order.descending : false })
    }
  });
  const columns = [
    { label: trans.__('Choose'), isUnseen: true },
    head('number', trans.__('Trial'), true),
    head('status', trans.__('Status')),
    sweep.metric ? head('value', sweep.metric, true) : null,
    ...names.map(name => head(`param:${name}`, name, true)),
    head('duration', trans.__('Took'), true),
    { label: trans.__('Run') },
    { label: trans.__('Worker') }
  ];
  const rest = <Rest shown={Math.min(shown, rows.length)} total={rows.length} step={PAGE} more={() => setShown(shown + PAGE)} trans={trans} />;
  return (
    <>
      <Table label={trans.__('Trials')} className="jp-mod-tall" columns={columns} foot={rest}>
        {rows.slice(0, shown).map(trial => (
          <TrialRow
            key={trial.number}
            {...{ trial, names, trans, context, path, sweep }}
            isPicked={picked.has(trial.run)}
            toggle={() => toggle(trial.run)}
          />
        ))}
      </Table>
      <Cut words={sweep.truncated} trans={trans} />
    </>
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
