/** The registered models: versions, aliases, gates, promotion and rollback, and which version held an alias when. */
import { undoIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IModel, IModelVersion } from '../api';
import { short } from '../common/format';
import { whyNot } from '../common/rights';
import type { IViewProps } from './context';
import { History } from './history';
import { useLive } from './hooks';
import { allPages } from './pages';
import { Action, Head, Loaded, Moment, Nothing, RunLink, Scrolls, Section, Value } from './parts';
import { Promote } from './promote';
import { rollBack } from './rollback';

export default function RegistryView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const answer = useLive(props, () => allPages(api.models), []);
  return (
    <Loaded answer={answer} trans={trans}>
      {models =>
        models.length === 0 ? (
          <>
            <Head title={trans.__('Models')} />
            <Nothing>
              {trans.__('No model is registered yet. Promote the best run’s model with: nbledger promote NAME --best METRIC --alias champion')}
            </Nothing>
          </>
        ) : (
          <Registry {...props} models={models} again={answer.again} />
        )
      }
    </Loaded>
  );
}

type Props = IViewProps & { models: IModel[]; again(): void };

function Registry(props: Props): JSX.Element {
  const { models, trans, keep } = props;
  const model = models.find(one => one.name === props.args.model) ?? models[0];
  React.useEffect(() => props.entitle(trans.__('Models: %1', model.name)), [model.name]);
  return (
    <div className="jp-nbledger-main-split">
      <nav className="jp-nbledger-main-models" aria-label={trans.__('Models')}>
        <h3>{trans._n('%1 model', '%1 models', models.length)}</h3>
        <ul>
          {models.map(one => (
            <li key={one.name}>
              <button
                type="button"
                className="jp-nbledger-main-model"
                aria-current={one === model ? 'true' : undefined}
                onClick={() => keep({ model: one.name })}
              >
                <span className="jp-nbledger-main-model-name">{one.name}</span>
                <Aliases aliases={Object.entries(one.aliases)} />
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div className="jp-nbledger-main-split-body">
        <Model key={model.name} {...props} model={model} />
      </div>
    </div>
  );
}

/** Aliases, each with the version that holds it. */
function Aliases(props: { aliases: [string, number][] }): JSX.Element {
  return (
    <span className="jp-nbledger-main-aliases">
      {props.aliases.map(([alias, version]) => (
        <span key={alias} className="jp-nbledger-main-mark jp-mod-alias">
          @{alias} → {version}
        </span>
      ))}
    </span>
  );
}

function Model(props: Props & { model: IModel }): JSX.Element {
  const { api, trans, model, about, again } = props;
  const versions = useLive(props, () => allPages(offset => api.modelVersions(model.name, offset)), [model.name]);
  const events = useLive(props, () => allPages(offset => api.aliasHistory(model.name, offset)), [model.name]);
  const [promoted, setPromoted] = React.useState<number | null>(null);
  const [done, setDone] = React.useState('');
  const why = whyNot(trans, about, 'promote');
  const after = (words: string) => {
    setDone(words);
    setPromoted(null);
    again();
    versions.again();
    events.again();
  };
  const aliases = Object.keys(model.aliases);
  const back = async (alias: string) => {
    const words = await rollBack(props, model.name, alias);
    if (words) {
      after(words);
    }
  };
  return (
    <>
      <Head title={model.name} facts={<Facts model={model} trans={trans} />}>
        {aliases.map(alias => (
          <Action
            key={alias}
            label={trans.__('Roll back @%1...', alias)}
            icon={undoIcon}
            why={why}
            onClick={() => void back(alias)}
          />
        ))}
      </Head>
      {model.description ? <p className="jp-nbledger-main-description">{model.description}</p> : null}
      <p role="status" className="jp-nbledger-main-done">
        {done}
      </p>
      <Section title={trans.__('Versions')}>
        <Loaded answer={versions} trans={trans}>
          {items => <Versions {...props} items={items} why={about.may.write ? '' : why} promoted={promoted} promote={setPromoted} />}
        </Loaded>
      </Section>
      {promoted !== null ? (
        <Promote
          key={promoted}
          {...props}
          model={model}
          version={promoted}
          close={() => setPromoted(null)}
          done={after}
        />
      ) : null}
      <Section title={trans.__('History')}>
        <Loaded answer={events} trans={trans}>
          {found => <History events={found} trans={trans} />}
        </Loaded>
      </Section>
    </>
  );
}

function Facts(props: { model: IModel; trans: IViewProps['trans'] }): JSX.Element {
  const { model, trans } = props;
  return (
    <>
      <span>{trans._n('%1 version', '%1 versions', model.versions)}</span>
      {Object.keys(model.aliases).length > 0 ? (
        <Aliases aliases={Object.entries(model.aliases)} />
      ) : (
        <span>{trans.__('no alias is set')}</span>
      )}
    </>
  );
}

function Versions(
  props: Props & { items: IModelVersion[]; why: string; promoted: number | null; promote(version: number): void }
): JSX.Element {
  const { items, trans, context, path, why, promoted, promote } = props;
  const names = [...new Set(items.flatMap(one => Object.keys(one.metrics)))].slice(0, 4);
  return (
    <Scrolls label={trans.__('Versions')} className="jp-mod-tall">
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>
            <th scope="col" className="jp-mod-number">
              {trans.__('Version')}
            </th>
            <th scope="col">{trans.__('Aliases')}</th>
            <th scope="col">{trans.__('Run')}</th>
            {names.map(name => (
              <th key={name} scope="col" className="jp-mod-number">
                {name}
              </th>
            ))}
            <th scope="col">{trans.__('Registered')}</th>
            <th scope="col">{trans.__('By')}</th>
            <th scope="col">
              <span className="jp-nbledger-main-unseen">{trans.__('Actions')}</span>
            </th>
            <th scope="col">{trans.__('Content hash')}</th>
          </tr>
        </thead>
        <tbody>
          {items.map(one => (
            <tr key={one.version} className={one.version === promoted ? 'jp-mod-selected' : undefined}>
              <th scope="row" className="jp-mod-number">
                {one.version}
              </th>
              <td>
                {one.aliases.map(alias => (
                  <span key={alias} className="jp-nbledger-main-mark jp-mod-alias">
                    @{alias}
                  </span>
                ))}
              </td>
              <td>
                <RunLink context={context} path={path} id={one.run} />
              </td>
              {names.map(name => (
                <td key={name} className="jp-mod-number">
                  {name in one.metrics ? <Value value={one.metrics[name]} /> : ''}
                </td>
              ))}
              <td>
                <Moment at={one.created_at} />
              </td>
              <td>{one.who}</td>
              <td className="jp-mod-tools">
                <button
                  type="button"
                  className="jp-nbledger-main-link"
                  aria-label={trans.__('Lineage of version %1', one.version)}
                  onClick={() => context.opener.lineage(path, `${one.model}/${one.version}`)}
                >
                  {trans.__('Lineage')}
                </button>
                <button
                  type="button"
                  className="jp-nbledger-main-link"
                  aria-label={trans.__('Promote version %1', one.version)}
                  aria-disabled={why ? true : undefined}
                  title={why || undefined}
                  onClick={why ? undefined : () => promote(one.version)}
                >
                  {trans.__('Promote...')}
                </button>
              </td>
              <td>
                <code title={one.hash}>{short(one.hash)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
