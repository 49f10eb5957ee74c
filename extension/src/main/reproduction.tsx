/** A run being run again: how far it is, and what came of it. */
import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IJob } from '../api';
import { asFailure, isLost } from '../common/watch';
import type { IFailure } from '../common/watch';
import type { IViewProps } from './context';
import { Action, Failed, Section } from './parts';

const POLL = 1000;

export function Reproduction(props: IViewProps & { job: string; busy(isBusy: boolean): void }): JSX.Element {
  const { api, trans, job: id } = props;
  const [job, setJob] = React.useState<IJob | null>(null);
  const [error, setError] = React.useState<IFailure | null>(null);
  React.useEffect(() => {
    let timer = 0;
    let isOver = false;
    const look = () => {
      api.job(id).then(
        found => {
          if (!isOver) {
            setJob(found);
            setError(null);
            timer = found.status === 'running' ? window.setTimeout(look, POLL) : 0;
          }
        },
        reason => {
          const failure = asFailure(reason);
          if (!isOver) {
            setError(failure);
            timer = isLost(failure) ? window.setTimeout(look, 5 * POLL) : 0;
          }
        }
      );
    };
    setJob(null);
    setError(null);
    look();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [api, id]);

  const isRunning = job?.status === 'running' || (!job && !error);
  React.useEffect(() => {
    props.busy(isRunning);
    return () => props.busy(false);
  }, [isRunning]);
  const verdict = job?.verdict ?? (job?.status === 'failed' ? 'failed' : null);
  const words: Record<string, string> = {
    identical: trans.__('Identical: it gives the same again, bit for bit.'),
    equivalent: trans.__('Equivalent: it gives the same again within the tolerance.'),
    different: trans.__('Different: it does not give the same again.'),
    failed: trans.__('It could not be run again.')
  };
  const tools = isRunning ? null : (
    <Action label={trans.__('Close')} icon={closeIcon} onClick={() => props.keep({ job: null })} />
  );
  return (
    <Section title={trans.__('Reproduction')} tools={tools} className="jp-nbledger-main-job">
      <Failed error={error} trans={trans} />
      <div role="status">
        {isRunning ? (
          <>
            <progress aria-label={trans.__('Runs again in a fresh kernel')} />
            <p>{job?.message || trans.__('Runs again in a fresh kernel...')}</p>
          </>
        ) : null}
        {verdict ? (
          <p className="jp-nbledger-main-verdict" data-verdict={verdict}>
            <strong>{words[verdict]}</strong> {job?.message.replace(new RegExp(`^${verdict}: `), '')}
          </p>
        ) : null}
      </div>
      {job && job.differences.length > 0 ? (
        <ul className="jp-nbledger-main-list">
          {job.differences.map((difference, place) => (
            <li key={place}>{difference}</li>
          ))}
        </ul>
      ) : null}
    </Section>
  );
}
