/** Pipelines as they go: the latest runs, and the steps of one with what each waits for. */
import React from 'react';

import type { IPipelineRun } from '../api';
import { duration, short } from '../common/format';
import type { IViewProps } from './context';
import { useLive, useNow } from './hooks';
import { Chooser, Cut, useList } from './lists';
import { below } from './notebookfile';
import { Head, Loaded, Moment, RunLink, Section, StatusWord } from './parts';
import { Progress, tallied } from './progress';
import { StepGraph } from './steps';
import { Table } from './table';

/** Runs of the list that a page has. */
const PAGE = 50;

export default function PipelinesView(props: IViewProps): JSX.Element {
  const { api, trans, keep } = props;
  const wanted = props.args.run as string | undefined;
  const list = useList(props, api.pipelines, PAGE, [wanted], wanted ? row => row.id === wanted : undefined);
  return (
    <Chooser
      list={list}
      trans={trans}
      label={trans.__('Pipelines')}
      counted={total => trans._n('%1 run', '%1 runs', total)}
      none={trans.__('None has run yet. Run the notebooks of a folder in their order with: nbledger pipeline run FOLDER')}
      idOf={row => row.id}
      chosen={wanted}
      called={id => trans.__('The pipeline run %1', short(id))}
      choose={run => keep({ run })}
      row={row => ({
        name: row.name,
        facts: (
          <span className="jp-nbledger-main-model-facts">
            <StatusWord status={row.status} trans={trans} /> {tallied(row.counts, steps(row.counts), trans)} <Moment at={row.started_at} />
          </span>
        )
      })}
    >
      {row => <Pipeline key={row.id} {...props} id={row.id} />}
    </Chooser>
  );
}

/** How many steps there are, of whatever status. */
function steps(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
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
      <Progress counts={run.counts} total={steps(run.counts)} trans={trans} />
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
    <>
      <Table
        label={trans.__('Steps')}
        columns={[
          { label: trans.__('Step') },
          { label: trans.__('Status') },
          { label: trans.__('Took'), isNumber: true },
          { label: trans.__('Waits for') },
          { label: trans.__('Notebook') },
          { label: trans.__('Run') },
          { label: trans.__('Detail') }
        ]}
      >
        {run.steps.map(step => (
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
      </Table>
      <Cut words={run.truncated} trans={trans} />
    </>
  );
}
