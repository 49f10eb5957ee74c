/** What is kept beside a run: tags, artifacts, registered models, environment. */
import { downloadIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { bytes, short } from '../common/format';
import { asFailure } from '../common/watch';
import type { IFailure } from '../common/watch';
import { Failed, Nothing, Scrolls, Section } from './parts';
import type { DetailProps } from './rundetail';

/** Tags, and a form that adds one. */
export function Tags(props: DetailProps & { readOnly: string }): JSX.Element {
  const { run, api, trans, readOnly } = props;
  const [error, setError] = React.useState<IFailure | null>(null);
  const add = (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    api.tag(run.id, String(fields.get('key')), String(fields.get('value'))).then(
      () => {
        setError(null);
        form.reset();
        props.again();
      },
      failure => setError(asFailure(failure))
    );
  };
  const tags = Object.entries(run.tags);
  return (
    <Section title={trans.__('Tags')}>
      {tags.length === 0 ? <Nothing>{trans.__('None yet.')}</Nothing> : null}
      <ul className="jp-nbledger-main-chips" aria-label={trans.__('Tags')} hidden={tags.length === 0}>
        {tags.map(([key, value]) => (
          <li key={key} className="jp-nbledger-main-chip">
            <span className="jp-nbledger-main-chip-name">{key}</span> {value}
          </li>
        ))}
      </ul>
      <Failed error={error} trans={trans} />
      {readOnly ? null : (
        <form className="jp-nbledger-main-form jp-mod-inline" onSubmit={add}>
          <input className="jp-nbledger-main-input" name="key" required aria-label={trans.__('Tag')} placeholder={trans.__('Tag')} />
          <input className="jp-nbledger-main-input" name="value" aria-label={trans.__('Value')} placeholder={trans.__('Value')} />
          <button type="submit" className="jp-nbledger-button">
            {trans.__('Add')}
          </button>
        </form>
      )}
    </Section>
  );
}

/** Artifacts, and the registered models that came of the run. */
export function Kept({ run, trans, api, context, path }: DetailProps): JSX.Element {
  return (
    <Section title={trans.__('Artifacts and models')}>
      {run.artifacts.length + run.models.length === 0 ? <Nothing>{trans.__('None.')}</Nothing> : null}
      <ul className="jp-nbledger-main-list">
        {run.models.map(one => (
          <li key={`${one.model}/${one.version}`}>
            <button type="button" className="jp-nbledger-main-link" onClick={() => context.opener.registry(path, one.model)}>
              {trans.__('%1, version %2', one.model, one.version)}
            </button>
            {one.aliases.map(alias => (
              <span key={alias} className="jp-nbledger-main-mark jp-mod-alias">
                @{alias}
              </span>
            ))}
          </li>
        ))}
        {run.artifacts.map(one => (
          <li key={`${one.name}-${one.hash}`}>
            <a className="jp-nbledger-main-link" href={api.objectUrl(one.hash)} download={one.name.split('/').pop()} title={one.hash}>
              {one.name} <downloadIcon.react tag="span" className="jp-nbledger-main-action-icon" />
            </a>{' '}
            <span className="jp-nbledger-main-note">{bytes(one.nbytes)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Python, packages and commit, folded. */
export function Environment({ run, trans }: DetailProps): JSX.Element | null {
  const { environment, git } = run;
  const [wanted, want] = React.useState('');
  if (!environment && !git) {
    return null;
  }
  const packages = Object.entries(environment?.packages ?? {});
  const shown = packages.filter(([name]) => name.toLowerCase().includes(wanted.toLowerCase()));
  const note = [environment ? `Python ${environment.python}` : '', git ? `git ${short(git.commit)}` : ''].filter(Boolean).join(', ');
  return (
    <Section title={trans.__('Environment')} note={note} folds folded>
      <dl className="jp-nbledger-main-facts-list">
        {environment ? (
          <>
            <dt>{trans.__('Platform')}</dt>
            <dd>{environment.platform}</dd>
          </>
        ) : null}
        {git ? (
          <>
            <dt>{trans.__('Git commit')}</dt>
            <dd>
              <code>{git.commit}</code> {git.dirty ? <span className="jp-nbledger-main-mark">{trans.__('with changes that were not committed')}</span> : null}
            </dd>
          </>
        ) : null}
      </dl>
      {packages.length > 0 ? (
        <>
          <input
            className="jp-nbledger-main-input"
            type="search"
            aria-label={trans.__('Filter packages')}
            placeholder={trans._n('Filter %1 package', 'Filter %1 packages', packages.length)}
            value={wanted}
            onChange={event => want(event.target.value)}
          />
          <Scrolls label={trans.__('Packages')} className="jp-mod-tall">
            <table className="jp-nbledger-main-table">
              <thead>
                <tr>
                  <th scope="col">{trans.__('Package')}</th>
                  <th scope="col">{trans.__('Version')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map(([name, version]) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    <td>{version}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scrolls>
        </>
      ) : null}
    </Section>
  );
}
