/** A run in full: its numbers and how sure they are, its code as executed, its data, and what one can do with it. */
import { Clipboard, InputDialog } from '@jupyterlab/apputils';
import { copyIcon, deleteIcon, notebookIcon, refreshIcon, treeViewIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IRunDetail } from '../api';
import { deleteRuns, restoreRuns } from '../common/deleting';
import { duration, number, short } from '../common/format';
import { whyNot } from '../common/rights';
import { asFailure } from '../common/watch';
import type { IFailure } from '../common/watch';
import { Code } from './code';
import type { IViewProps } from './context';
import { useLive, useNow } from './hooks';
import { Cut } from './lists';
import { below } from './notebookfile';
import { Action, Failed, Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, StatusWord, Value, extent, runName } from './parts';
import { Reproduction } from './reproduction';
import { Environment, Kept, Tags } from './runbeside';
import type { DetailProps } from './rundetail';
import { History } from './runhistory';

export default function RunView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const id = props.args.id as string;
  const answer = useLive(props, () => api.run(id), [id]);
  React.useEffect(() => {
    if (answer.value) {
      const name = runName(answer.value, trans);
      props.entitle(`${name} · ${short(id)}`, trans.__('Run %1 of %2', id, answer.value.notebook ?? ''));
    }
  }, [answer.value]);
  return (
    <Loaded answer={answer} trans={trans}>
      {run => <Detail {...props} run={run} again={answer.again} />}
    </Loaded>
  );
}

function Detail(props: DetailProps): JSX.Element {
  const { run, trans, context, path, about } = props;
  const [error, setError] = React.useState<IFailure | null>(null);
  const [isRunning, setRunning] = React.useState(false);
  const readOnly = whyNot(trans, about, 'write');
  const begin = async () => {
    setError(null);
    setRunning(true);
    try {
      const job = await props.api.reproduce(run.id);
      props.keep({ job: job.id });
    } catch (failure) {
      setRunning(false);
      setError(asFailure(failure));
    }
  };
  const extract = async () => {
    setError(null);
    const start = stem(run.notebook) || 'run';
    const asked = await InputDialog.getText({
      title: trans.__('Extract to a New Notebook'),
      label: trans.__('The fewest cells that make this run again, in order, as a notebook of its own. Name of the file:'),
      text: `${start}-${short(run.id)}.ipynb`,
      okLabel: trans.__('Extract'),
      selectionRange: start.length + 9
    });
    if (!asked.button.accept || !asked.value) {
      return;
    }
    try {
      const made = await props.api.extract(run.id, asked.value);
      context.openFile(made.path);
    } catch (failure) {
      setError(asFailure(failure));
    }
  };
  const remove = async () => {
    setError(null);
    const kept = run.models.map(one => trans.__('%1 version %2', one.model, one.version));
    try {
      await deleteRuns(props.api, trans, { ids: [run.id], who: about.user, kept, changed: props.again });
    } catch (failure) {
      setError(asFailure(failure));
    }
  };
  return (
    <>
      <Head title={runName(run, trans)} facts={<Facts {...props} />}>
        <Action label={trans.__('Lineage')} icon={treeViewIcon} onClick={() => context.opener.lineage(path, run.id)} />
        <Action label={trans.__('Reproduce')} icon={refreshIcon} why={readOnly || (isRunning ? trans.__('It is being run again.') : '')} onClick={() => void begin()} />
        <Action label={trans.__('Extract to notebook...')} icon={notebookIcon} why={readOnly} onClick={() => void extract()} />
        {about.may.write && !run.deleted ? <Action label={trans.__('Delete...')} icon={deleteIcon} onClick={() => void remove()} /> : null}
      </Head>
      <Deleted {...props} />
      <Failed error={error} trans={trans} />
      {typeof props.args.job === 'string' ? <Reproduction {...props} job={props.args.job} busy={setRunning} /> : null}
      {run.error ? <Broken run={run} {...{ trans }} /> : null}
      {run.notes.length > 0 ? (
        <Section title={trans.__('Notes')}>
          <ul className="jp-nbledger-main-list">
            {run.notes.map((note, place) => (
              <li key={place}>{note}</li>
            ))}
          </ul>
        </Section>
      ) : null}
      <div className="jp-nbledger-main-columns">
        <Metrics {...props} />
        <Params {...props} />
      </div>
      <Section title={trans.__('Code as executed')}>
        {run.code ? (
          <Code code={run.code} context={context} label={trans.__('Code as executed')} />
        ) : (
          <Nothing>{trans.__('No code was recorded for this run.')}</Nothing>
        )}
      </Section>
      <Data {...props} />
      <History {...props} />
      <div className="jp-nbledger-main-columns">
        <Tags {...props} readOnly={readOnly} />
        <Kept {...props} />
      </div>
      <Environment {...props} />
      <Cut words={run.truncated} trans={trans} />
    </>
  );
}

/** That the run is in no list any more, and the way back. */
function Deleted(props: DetailProps): JSX.Element | null {
  const { run, trans, about, api } = props;
  if (!run.deleted) {
    return null;
  }
  return (
    <div className="jp-nbledger-main-deleted" role="status">
      <span>
        {trans.__('%1 deleted this run', run.deleted.who)} <Moment at={run.deleted.at} />.{' '}
        {trans.__('It is in no list, and “nbledger gc” removes it for good unless it is a registered version.')}
      </span>
      {about.may.write ? (
        <Action label={trans.__('Restore')} onClick={() => void restoreRuns(api, trans, { ids: [run.id], changed: props.again })} />
      ) : null}
    </div>
  );
}

/** A notebook's name without folder and ending. */
function stem(notebook: string | null): string {
  return (notebook?.split('/').pop() ?? '').replace(/\.ipynb$/, '');
}

function Facts({ run, trans, context, path, about }: DetailProps): JSX.Element {
  const copy = () => Clipboard.copyToSystem(run.id);
  const now = useNow(run.status === 'running');
  const took = run.status === 'running' ? Math.max(0, now - run.started_at) : run.duration;
  return (
    <>
      <StatusWord status={run.status} trans={trans} />
      {run.notebook ? (
        <span>
          <button type="button" className="jp-nbledger-main-link" onClick={() => context.openFile(below(about.ledger, path, run.notebook as string))}>
            {run.notebook}
          </button>
          {run.position !== null ? `, ${trans.__('cell %1', run.position + 1)}` : ''}
        </span>
      ) : (
        <span>{run.kind}</span>
      )}
      {run.experiment && run.experiment !== stem(run.notebook) ? <span>{trans.__('experiment %1', run.experiment)}</span> : null}
      <Moment at={run.started_at} />
      {took !== null ? <span>{duration(took)}</span> : null}
      {run.parent ? (
        <span>
          {trans.__('part of')} <RunLink context={context} path={path} id={run.parent} />
        </span>
      ) : null}
      {run.children > 0 ? <span>{trans._n('%1 run inside', '%1 runs inside', run.children)}</span> : null}
      <button type="button" className="jp-nbledger-main-link" title={trans.__('Copy the id %1', run.id)} onClick={copy}>
        <code>{short(run.id)}</code> <copyIcon.react tag="span" className="jp-nbledger-main-action-icon" />
        <span className="jp-nbledger-main-unseen">{trans.__('Copy the id')}</span>
      </button>
    </>
  );
}

function Broken({ run, trans }: { run: IRunDetail; trans: IViewProps['trans'] }): JSX.Element {
  return (
    <Section title={trans.__('Why it failed')} className="jp-mod-error">
      <p className="jp-nbledger-main-error">{run.error}</p>
      {run.error_detail ? (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <Scrolls label={trans.__('Traceback')} className="jp-nbledger-main-code">
            <pre>{run.error_detail}</pre>
          </Scrolls>
        </details>
      ) : null}
    </Section>
  );
}

function Metrics({ run, trans }: DetailProps): JSX.Element {
  const rows = run.all_metrics;
  const hasRange = rows.some(row => row.low !== null);
  return (
    <Section title={trans.__('Metrics')}>
      {rows.length === 0 ? (
        <Nothing>{trans.__('None were found in this run.')}</Nothing>
      ) : (
        <Scrolls label={trans.__('Metrics')}>
          <table className="jp-nbledger-main-table">
            <thead>
              <tr>
                <th scope="col">{trans.__('Name')}</th>
                <th scope="col" className="jp-mod-number">
                  {trans.__('Value')}
                </th>
                {hasRange ? (
                  <th scope="col" className="jp-mod-number" title={trans.__('From the stored predictions')}>
                    {trans.__('95% interval')}
                  </th>
                ) : null}
                <th scope="col">{trans.__('Computed on')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(row => (
                <tr key={row.name}>
                  <th scope="row">{row.name}</th>
                  <td className="jp-mod-number jp-mod-main">
                    <Value value={row.value} />
                    {row.points > 1 ? (
                      <span className="jp-nbledger-main-note"> {trans._n('last of %1 step', 'last of %1 steps', row.points)}</span>
                    ) : null}
                  </td>
                  {hasRange ? (
                    <td className="jp-mod-number">{row.low !== null && row.high !== null ? `${number(row.low)} – ${number(row.high)}` : ''}</td>
                  ) : null}
                  <td>{row.computed_on}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </Section>
  );
}

function Params({ run, trans }: DetailProps): JSX.Element {
  const [all, setAll] = React.useState(false);
  const defaults = run.all_params.filter(row => row.is_default).length;
  const rows = run.all_params.filter(row => all || !row.is_default);
  const tools =
    defaults > 0 ? (
      <Action
        label={all ? trans.__('Hide defaults') : trans._n('Show %1 default', 'Show %1 defaults', defaults)}
        onClick={() => setAll(!all)}
      />
    ) : null;
  return (
    <Section title={trans.__('Params')} tools={tools}>
      {rows.length === 0 ? (
        <Nothing>{defaults > 0 ? trans.__('All are defaults.') : trans.__('None were found in this run.')}</Nothing>
      ) : (
        <Scrolls label={trans.__('Params')}>
          <table className="jp-nbledger-main-table">
            <thead>
              <tr>
                <th scope="col">{trans.__('Name')}</th>
                <th scope="col">{trans.__('Value')}</th>
                <th scope="col">{trans.__('Found in')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, place) => (
                <tr key={place} className={row.is_default ? 'jp-mod-quiet' : undefined}>
                  <th scope="row">{row.name}</th>
                  <td className="jp-mod-main">
                    <Value value={row.value} />
                  </td>
                  <td>{row.is_default ? trans.__('%1, default', row.source) : row.source}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </Section>
  );
}

/** Kinds of content that are data; the rest is code and single values. */
const DATA = new Set(['table', 'array', 'sparse', 'tensor', 'model', 'file', 'figure', 'url', 'column']);

function Data({ run, trans }: DetailProps): JSX.Element {
  const [all, setAll] = React.useState(false);
  const others = run.data.filter(use => !DATA.has(use.kind)).length;
  const uses = run.data
    .filter(use => all || DATA.has(use.kind))
    .sort((one, other) => (one.role === other.role ? 0 : one.role === 'used' ? -1 : 1));
  const tools =
    others > 0 ? (
      <Action
        label={all ? trans.__('Only data') : trans._n('Also %1 value or function', 'Also %1 values and functions', others)}
        onClick={() => setAll(!all)}
      />
    ) : null;
  return (
    <Section title={trans.__('Data')} tools={tools}>
      {uses.length === 0 ? (
        <Nothing>{trans.__('It read and made no data.')}</Nothing>
      ) : (
        <Scrolls label={trans.__('Data')}>
          <table className="jp-nbledger-main-table">
            <thead>
              <tr>
                <th scope="col">{trans.__('Use')}</th>
                <th scope="col">{trans.__('Name')}</th>
                <th scope="col">{trans.__('Type')}</th>
                <th scope="col" className="jp-mod-number">
                  {trans.__('Size')}
                </th>
                <th scope="col">{trans.__('Content hash')}</th>
              </tr>
            </thead>
            <tbody>
              {uses.map((use, place) => (
                <tr key={place}>
                  <td>{use.role === 'used' ? trans.__('read') : trans.__('made')}</td>
                  <th scope="row">{use.name}</th>
                  <td>{use.type_name || use.kind}</td>
                  <td className="jp-mod-number">{extent(use.shape, use.nbytes)}</td>
                  <td>
                    <code title={use.hash}>{short(use.hash)}</code>
                    {use.exactness === 'exact' ? null : <span className="jp-nbledger-main-mark">{use.exactness}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </Section>
  );
}
