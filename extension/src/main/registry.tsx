/** The registered models: versions, aliases, gates, approval, promotion and rollback, and which version held an alias when. */
import { editIcon, undoIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { IModel } from '../api';
import { whyNot } from '../common/rights';
import { approve } from './approve';
import type { IViewProps } from './context';
import { Describe } from './describe';
import { others } from './describing';
import { History } from './history';
import { Chooser, Rest, useList } from './lists';
import { Action, Head, Loaded, Section } from './parts';
import { Promote } from './promote';
import { rollBack } from './rollback';
import { Versions } from './versions';

/** Models, versions and moves that a page has. */
const PAGE = 200;

export default function RegistryView(props: IViewProps): JSX.Element {
  const { api, trans, keep } = props;
  const wanted = props.args.model as string | undefined;
  const list = useList(props, api.models, PAGE, [wanted], wanted ? one => one.name === wanted : undefined);
  return (
    <Chooser
      list={list}
      trans={trans}
      label={trans.__('Models')}
      counted={total => trans._n('%1 model', '%1 models', total)}
      none={trans.__('No model is registered yet. Promote the best run’s model with: nbledger promote NAME --best METRIC --alias champion')}
      idOf={one => one.name}
      chosen={wanted}
      called={name => trans.__('The model %1', name)}
      choose={model => keep({ model })}
      row={one => ({ name: one.name, facts: Object.keys(one.aliases).length > 0 ? <Aliases aliases={Object.entries(one.aliases)} /> : null })}
    >
      {model => <Model key={model.name} {...props} model={model} again={list.again} />}
    </Chooser>
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

/** The form that is open below the versions; `version` is `null` for the model itself. */
type Open = { form: 'promote'; version: number } | { form: 'describe'; version: number | null };

function Model(props: IViewProps & { model: IModel; again(): void }): JSX.Element {
  const { api, trans, model, about, again } = props;
  const { name } = model;
  const versions = useList(props, (offset, limit) => api.modelVersions(name, offset, limit), PAGE, [name]);
  const events = useList(props, (offset, limit) => api.aliasHistory(name, offset, limit), PAGE, [name]);
  const [open, setOpen] = React.useState<Open | null>(null);
  const [done, setDone] = React.useState('');
  React.useEffect(() => props.entitle(trans.__('Models: %1', name)), [name]);
  const why = whyNot(trans, about, 'promote');
  const after = (words: string) => {
    if (words) {
      setDone(words);
      setOpen(null);
      again();
      versions.again();
      events.again();
    }
  };
  const close = () => setOpen(null);
  const described = open?.form === 'describe' ? (versions.value?.items.find(one => one.version === open.version)?.tags ?? model.tags) : {};
  return (
    <>
      <Head title={name} facts={<Facts model={model} trans={trans} />}>
        {about.may.write ? (
          <Action label={trans.__('Describe...')} icon={editIcon} onClick={() => setOpen({ form: 'describe', version: null })} />
        ) : null}
        {Object.keys(model.aliases).map(alias => (
          <Action
            key={alias}
            label={trans.__('Roll back @%1...', alias)}
            icon={undoIcon}
            why={why}
            onClick={() => void rollBack(props, name, alias).then(after)}
          />
        ))}
      </Head>
      {model.description ? <p className="jp-nbledger-main-description">{model.description}</p> : null}
      <Tags tags={model.tags} label={trans.__('Tags of %1', name)} />
      <p role="status" className="jp-nbledger-main-done">
        {done}
      </p>
      <Section title={trans.__('Versions')}>
        <Loaded answer={versions} trans={trans}>
          {({ items, total }) => (
            <Versions
              {...props}
              items={items}
              why={about.may.write ? '' : why}
              chosen={open?.version ?? null}
              promote={version => setOpen({ form: 'promote', version })}
              describe={version => setOpen({ form: 'describe', version })}
              approve={(version, revoke) => void approve(props, name, version, revoke).then(after)}
              rest={<Rest shown={items.length} total={total} step={versions.step} more={versions.more} trans={trans} />}
            />
          )}
        </Loaded>
      </Section>
      {open?.form === 'promote' ? <Promote key={open.version} {...props} version={open.version} close={close} done={after} /> : null}
      {open?.form === 'describe' ? (
        <Describe key={`${open.version}`} {...props} number={open.version} tags={described} close={close} done={after} />
      ) : null}
      <Section title={trans.__('History')}>
        <Loaded answer={events} trans={trans}>
          {({ items, total }) => (
            <>
              <History events={items} isWhole={items.length >= total} trans={trans} />
              <Rest shown={items.length} total={total} step={events.step} more={events.more} trans={trans} />
            </>
          )}
        </Loaded>
      </Section>
    </>
  );
}

/** Tags but the description, which stands in full elsewhere. */
function Tags(props: { tags: Record<string, string>; label: string }): JSX.Element | null {
  const shown = others(props.tags);
  return shown.length > 0 ? (
    <ul className="jp-nbledger-main-chips" aria-label={props.label}>
      {shown.map(([key, value]) => (
        <li key={key} className="jp-nbledger-main-chip">
          <span className="jp-nbledger-main-chip-name">{key}</span> {value}
        </li>
      ))}
    </ul>
  ) : null;
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
