/** Pipelines as they go: the latest runs, and the steps of one with what each waits for. */
import React from 'react';

import type { IPipelineRow, IPipelineRun, IStep } from '../api';
import { duration } from '../common/format';
import type { IViewProps } from './context';
import { useLive, useNow } from './hooks';
import { below } from './notebookfile';
import { allPages } from './pages';
import { Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, StatusWord } from './parts';
import { Progress, tallied } from './progress';
import { StepGraph } from './steps';

export default function PipelinesView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const answer = useLive(props, () => allPages(api.pipelines, 500), []);
  return (
    <Loaded answer={answer} trans={trans}>
      {rows =>
        rows.length === 0 ? (
          <>
            <Head title={trans.__('Pipelines')} />
            <Nothing>{trans.__('None has run yet. Run the notebooks of a folder in their order with: nbledger pipeline run FOLDER')}</Nothing>
          </>
        ) : (
          <Pipelines {...props} rows={rows} />
        )
      }
    </Loaded>
  );
}

function Pipelines(props: IViewProps & { rows: IPipelineRow[] }): JSX.Element {
  const { rows, trans, keep } = props;
  const chosen = rows.find(row => row.id === props.args.run) ?? rows[0];
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <div className="jp-nbledger-main-split">
      <nav className="jp-nbledger-main-models" aria-label={trans.__('Runs of pipelines')}>
        <h3>{trans._n('%1 run', '%1 runs', rows.length)}</h3>
        <ul>
          {rows.map(row => (
            <li key={row.id}>
              <button
                type="button"
                className="jp-nbledger-main-model"
                aria-current={row === chosen ? 'true' : undefined}
                onClick={() => keep({ run: row.id })}
              >
                <span className="jp-nbledger-main-model-name">{row.name}</span>
                <span className="jp-nbledger-main-model-facts">
                  <StatusWord status={row.status} trans={trans} /> {tallied(row.counts, total(row.counts), trans)} <Moment at={row.started_at} />
                </span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div className="jp-nbledger-main-split-body">
        <Pipeline key={chosen.id} {...props} id={chosen.id} />
      </div>
    </div>
  );
}

function Pipeline(props: IViewProps & { id: string }): JSX.Element {
  const { id, api, trans } = props;
  const answer = useLive(props, () => api.pipeline(id), [id]);
  return (
    <Loaded answer={answer} trans={trans}>
      {run => <Shown {...props} run={run} />}
    </Loaded>
  );
}

function Shown(props: IViewProps & { run: IPipelineRun }): JSX.Element {
  const { run, trans, context, path } = props;
  const isOn = run.status === 'running';
  const now = useNow(isOn);
  const took = isOn ? now - run.started_at : run.duration;
  return (
    <>
      <Head
        title={run.name}
        facts={
          <>
            <StatusWord status={run.status} trans={trans} />
            <Moment at={run.started_at} />
            {took !== null ? <span>{duration(took)}</span> : null}
            <RunLink context={context} path={path} id={run.id} />
          </>
        }
      />
      <Progress counts={run.counts} total={run.steps.length} trans={trans} />
      {run.error ? <p className="jp-nbledger-main-error">{run.error}</p> : null}
      <Section title={trans.__('Steps')}>
        <StepGraph steps={run.steps} trans={trans} open={step => step.run && context.opener.run(path, step.run)} />
        <Steps {...props} />
      </Section>
    </>
  );
}

function Steps(props: IViewProps & { run: IPipelineRun }): JSX.Element {
  const { run, trans, context, path, about } = props;
  return (
    <Scrolls label={trans.__('Steps')}>
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('Status')}</th>
            <th scope="col" className="jp-mod-number">
              {trans.__('Took')}
            </th>
            <th scope="col">{trans.__('Waits for')}</th>
            <th scope="col">{trans.__('Notebook')}</th>
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col">{trans.__('Detail')}</th>
          </tr>
        </thead>
        <tbody>
          {run.steps.map((step: IStep) => (
            <tr key={step.name}>
              <th scope="row">{step.name}</th>
              <td>
                <StatusWord status={step.status} trans={trans} />
              </td>
              <td className="jp-mod-number">{duration(step.duration)}</td>
              <td>{step.before.join(', ')}</td>
              <td>
                <button type="button" className="jp-nbledger-main-link" onClick={() => context.openFile(below(about.ledger, path, step.notebook))}>
                  {step.notebook}
                </button>
              </td>
              <td>{step.run ? <RunLink context={context} path={path} id={step.run} /> : null}</td>
              <td>{step.detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
