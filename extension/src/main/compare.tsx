/** Runs side by side: what differs, what may not be compared and why, and the figures that the server draws of them. */
import { closeIcon, moveUpIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IComparison, IFigureKind, IRun, Scalar } from '../api';
import { change as signed, isNumeric, short } from '../common/format';
import { useAnswer } from '../common/hooks';
import { type Row, change, rowsByKind, same } from './compared';
import type { IViewProps } from './context';
import { Figure } from './figure';
import { useLive } from './hooks';
import { Cut } from './lists';
import { Action, Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, StatusWord, Value, runName } from './parts';

export default function CompareView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const ids = props.args.ids as string[];
  const key = ids.join(' ');
  const answer = useLive(props, () => api.compare(ids), [key]);
  const setIds = (next: string[]) => props.keep({ ids: next });
  React.useEffect(() => props.entitle(trans._n('Compare %1 run', 'Compare %1 runs', ids.length), ids.map(short).join(', ')), [key]);
  const canDiff = ids.length === 2;
  return (
    <>
      <Head title={trans._n('%1 run', '%1 runs side by side', ids.length)}>
        {canDiff ? (
          <Action label={trans.__('Diff')} onClick={() => props.context.opener.diff(props.path, ids[0], ids[1])} />
        ) : null}
      </Head>
      <Loaded answer={answer} trans={trans}>
        {comparison => (
          <>
            <Differences {...props} comparison={comparison} setIds={setIds} />
            <Figures {...props} ids={ids} comparison={comparison} />
          </>
        )}
      </Loaded>
    </>
  );
}

type Props = IViewProps & { comparison: IComparison; setIds(ids: string[]): void };

function Differences(props: Props): JSX.Element {
  const { comparison, trans } = props;
  const all = props.args.all === true;
  const groups = rowsByKind(comparison, all);
  const hidden = same(comparison);
  const tools =
    hidden > 0 ? (
      <Action
        label={all ? trans.__('Only what differs') : trans._n('Also %1 that is the same', 'Also %1 that are the same', hidden)}
        onClick={() => props.keep({ all: !all })}
      />
    ) : null;
  const titles: Record<Row['kind'], string> = {
    metric: trans.__('Metrics'),
    param: trans.__('Params'),
    data: trans.__('Data'),
    attribute: trans.__('Other')
  };
  const { runs } = comparison;
  return (
    <Section title={trans.__('What differs')} tools={tools}>
      {comparison.judgements.map((words, place) => (
        <p key={place} className="jp-nbledger-main-judgement">
          {words}
        </p>
      ))}
      <Scrolls label={trans.__('What differs between the runs')}>
        <table className="jp-nbledger-main-table jp-mod-compare">
          <thead>
            <tr>
              <td />
              {runs.map((run, place) => (
                <RunColumn key={run.id} {...props} run={run} place={place} />
              ))}
            </tr>
          </thead>
          {groups.map(({ kind, rows }) => (
            <tbody key={kind}>
              <tr className="jp-nbledger-main-group">
                <th scope="rowgroup" colSpan={runs.length + 1}>
                  {titles[kind]}
                </th>
              </tr>
              {rows.map(row => (
                <Values key={row.name} row={row} runs={runs} trans={trans} />
              ))}
            </tbody>
          ))}
        </table>
      </Scrolls>
      <Cut words={comparison.truncated} trans={trans} />
      {groups.length === 0 ? <Nothing>{trans.__('They do not differ in anything that was recorded.')}</Nothing> : null}
    </Section>
  );
}

function RunColumn(props: Props & { run: IRun; place: number }): JSX.Element {
  const { run, place, trans, context, path, comparison, setIds } = props;
  const ids = comparison.runs.map(one => one.id);
  return (
    <th scope="col" className="jp-nbledger-main-run">
      <div className="jp-nbledger-main-run-name">
        <RunLink context={context} path={path} id={run.id}>
          {runName(run, trans)}
        </RunLink>
        <span className="jp-nbledger-main-run-tools">
          {place > 0 ? (
            <button
              type="button"
              className="jp-nbledger-main-icon-button"
              title={trans.__('Make it the baseline')}
              aria-label={trans.__('Make run %1 the baseline', short(run.id))}
              onClick={() => setIds([run.id, ...ids.filter(id => id !== run.id)])}
            >
              <moveUpIcon.react tag="span" className="jp-mod-left" />
            </button>
          ) : null}
          {ids.length > 1 ? (
            <button
              type="button"
              className="jp-nbledger-main-icon-button"
              title={trans.__('Leave out')}
              aria-label={trans.__('Leave out run %1', short(run.id))}
              onClick={() => setIds(ids.filter(id => id !== run.id))}
            >
              <closeIcon.react tag="span" />
            </button>
          ) : null}
        </span>
      </div>
      <div className="jp-nbledger-main-run-facts">
        <code>{short(run.id)}</code> <Moment at={run.started_at} />
        {run.status === 'finished' ? null : <StatusWord status={run.status} trans={trans} />}
        {place === 0 && ids.length > 1 ? <span className="jp-nbledger-main-mark">{trans.__('baseline')}</span> : null}
      </div>
    </th>
  );
}

function Values(props: { row: Row; runs: IRun[]; trans: IViewProps['trans'] }): JSX.Element {
  const { row, runs, trans } = props;
  const isNumbers = row.values.some(isNumeric);
  return (
    <tr className={row.differs ? undefined : 'jp-mod-quiet'}>
      <th scope="row">
        {row.name}
        {row.note ? <span className="jp-nbledger-main-row-note">{row.note}</span> : null}
      </th>
      {runs.map((run, place) => {
        const value = row.values[place];
        const gain = change(row, place);
        const paired = row.gains?.[place] ?? null;
        const isApart = row.kind === 'metric' && !row.comparable[place] && value !== null;
        const isCode = row.kind === 'data' || row.name === 'code';
        const classes = [isNumbers ? 'jp-mod-number' : '', isCode ? 'jp-mod-code' : '', row.best === place ? 'jp-mod-best' : '', isApart ? 'jp-mod-apart' : ''];
        return (
          <td key={run.id} className={classes.filter(Boolean).join(' ')}>
            {value === null || value === undefined ? (
              <span className="jp-nbledger-main-none" aria-label={trans.__('none')}>
                –
              </span>
            ) : (
              <Value value={value} />
            )}
            {row.best === place && row.differs ? <span className="jp-nbledger-main-mark jp-mod-best">{trans.__('best')}</span> : null}
            {gain !== null && gain !== 0 ? (
              <span className="jp-nbledger-main-gain">
                {signed(gain)}
                {paired ? <Interval low={paired.low} high={paired.high} isSure={paired.sure} trans={trans} /> : null}
              </span>
            ) : null}
            {isApart ? (
              <span className="jp-nbledger-main-mark jp-mod-warn" title={row.note || trans.__('Computed on other data than the baseline’s')}>
                {trans.__('not comparable')}
              </span>
            ) : null}
          </td>
        );
      })}
    </tr>
  );
}

/** The paired 95 % interval of a change; where it holds zero the change may be chance. */
function Interval(props: { low: Scalar; high: Scalar; isSure: boolean; trans: IViewProps['trans'] }): JSX.Element | null {
  const { low, high, isSure, trans } = props;
  if (typeof low !== 'number' || typeof high !== 'number') {
    return null;
  }
  return (
    <>
      {' '}
      <span className="jp-nbledger-main-interval" title={trans.__('95% interval, paired on the same rows')}>
        {`(${signed(low)} … ${signed(high)})`}
      </span>
      {isSure ? '' : ` ${trans.__('may be chance')}`}
    </>
  );
}

function Figures(props: IViewProps & { ids: string[]; comparison: IComparison }): JSX.Element {
  const { api, trans } = props;
  const kinds = useAnswer(() => api.figures(), [api]);
  return (
    <Section title={trans.__('Figures')}>
      <Loaded answer={kinds} trans={trans}>
        {({ items }) => {
          const ofRuns = items.filter(kind => !NOT_OF_RUNS.has(kind.name));
          return ofRuns.length === 0 ? <Nothing>{trans.__('The server draws none.')}</Nothing> : <OneFigure {...props} kinds={ofRuns} />;
        }}
      </Loaded>
    </Section>
  );
}

/** Figures of other things than some runs. */
const NOT_OF_RUNS = new Set(['history', 'sweep', 'sweep_progress', 'distribution']);
/** The figure that one sees first. */
const FIRST = 'bars';
/** What is chosen by the runs themselves. */
const NOT_ASKED = new Set(['filter']);

type Options = Record<string, string | number | boolean>;

function OneFigure(props: IViewProps & { ids: string[]; comparison: IComparison; kinds: IFigureKind[] }): JSX.Element {
  const { api, trans, ids, kinds, context, comparison } = props;
  const id = React.useId();
  const kind = kinds.find(one => one.name === (props.args.figure ?? FIRST)) ?? kinds[0];
  const asked = Object.entries(kind.options).filter(([name]) => !NOT_ASKED.has(name));
  const all = (props.args.options ?? {}) as Record<string, Options>;
  const options = all[kind.name] ?? {};
  const set = (name: string, value: string | number | boolean) =>
    props.keep({ options: { ...all, [kind.name]: { ...options, [name]: value } } });
  const needs = [kind.name, ids.join(' '), JSON.stringify(options)];
  const figure = useLive(props, () => api.figure(kind.name, ids, options), needs);
  return (
    <>
      <div className="jp-nbledger-main-form jp-mod-inline">
        <label htmlFor={id}>{trans.__('Figure')}</label>
        <select id={id} className="jp-nbledger-main-input" value={kind.name} onChange={event => props.keep({ figure: event.target.value })}>
          {kinds.map(one => (
            <option key={one.name} value={one.name}>
              {one.title}
            </option>
          ))}
        </select>
        {asked.map(([name, schema]) => (
          <Option key={`${kind.name}-${name}`} name={name} schema={schema} value={options[name]} columns={`${id}-columns`} set={value => set(name, value)} />
        ))}
        <datalist id={`${id}-columns`}>
          {columnNames(comparison).map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <Loaded answer={figure} trans={trans}>
        {drawn => <Figure figure={drawn} context={context} isVisible={props.isVisible} />}
      </Loaded>
    </>
  );
}

/** An option of a figure by its JSON schema: a choice, a truth value, a number or a text. */
function Option(props: {
  name: string;
  schema: Record<string, unknown>;
  value: string | number | boolean | undefined;
  /** Id of the list of columns that texts may name. */
  columns: string;
  set(value: string | number | boolean): void;
}): JSX.Element {
  const { name, schema, set } = props;
  const id = React.useId();
  const given = props.value ?? (schema.default as string | number | boolean | undefined);
  const label = String(schema.title ?? name.replace(/_/g, ' '));
  if (schema.type === 'boolean') {
    return (
      <label className="jp-nbledger-main-option">
        <input type="checkbox" checked={given === true} onChange={event => set(event.target.checked)} /> {label}
      </label>
    );
  }
  if (Array.isArray(schema.enum)) {
    return (
      <span className="jp-nbledger-main-option">
        <label htmlFor={id}>{label}</label>
        <select id={id} className="jp-nbledger-main-input" value={String(given ?? '')} onChange={event => set(event.target.value)}>
          {given === undefined ? <option value="" /> : null}
          {schema.enum.map(one => (
            <option key={String(one)} value={String(one)}>
              {String(one)}
            </option>
          ))}
        </select>
      </span>
    );
  }
  const isNumber = schema.type === 'number' || schema.type === 'integer';
  return (
    <span className="jp-nbledger-main-option">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="jp-nbledger-main-input jp-mod-narrow"
        list={isNumber ? undefined : props.columns}
        step={isNumber ? 'any' : undefined}
        type={isNumber ? 'number' : 'text'}
        defaultValue={given === undefined ? '' : String(given)}
        title={schema.description ? String(schema.description) : undefined}
        onBlur={event => event.target.value !== String(given ?? '') && set(event.target.value)}
        onKeyDown={event => event.key === 'Enter' && set(event.currentTarget.value)}
      />
    </span>
  );
}

/** What the options of a figure may name. */
function columnNames(comparison: IComparison): string[] {
  const named = comparison.rows.filter(row => row.kind === 'param' || row.kind === 'metric');
  return named.map(row => `${row.kind}s.${row.name}`);
}
