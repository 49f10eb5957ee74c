/** The versions of a model: aliases, what is said of each, who approved it, and what one can do with it. */
import React from 'react';

import type { IModelVersion } from '../api';
import { short, when } from '../common/format';
import type { IViewProps } from './context';
import { DESCRIPTION, others } from './describing';
import { Moment, RunLink, Value } from './parts';
import { Table } from './table';

interface IProps extends IViewProps {
  items: IModelVersion[];
  /** Why one may not promote; an empty text where one may. */
  why: string;
  /** The version that a form is open for. */
  chosen: number | null;
  promote(version: number): void;
  describe(version: number): void;
  approve(version: number, revoke: boolean): void;
  /** What stands below the rows. */
  rest: React.ReactNode;
}

export function Versions(props: IProps): JSX.Element {
  const { items, trans, context, path, chosen } = props;
  const names = [...new Set(items.flatMap(one => Object.keys(one.metrics)))].slice(0, 4);
  const areApproved = items.some(one => one.approvals.length > 0);
  const columns = [
    { label: trans.__('Version'), isNumber: true },
    { label: trans.__('Aliases and tags') },
    { label: trans.__('Run and content') },
    ...names.map(label => ({ label, isNumber: true })),
    { label: trans.__('Registered') },
    areApproved ? { label: trans.__('Approved by') } : null,
    { label: trans.__('Actions'), isUnseen: true }
  ];
  return (
    <Table label={trans.__('Versions')} className="jp-mod-tall" columns={columns} foot={props.rest}>
      {items.map(one => (
        <tr key={one.version} className={one.version === chosen ? 'jp-mod-selected' : undefined}>
          <th scope="row" className="jp-mod-number">
            {one.version}
          </th>
          <td>
            <Said one={one} />
          </td>
          <td>
            <RunLink context={context} path={path} id={one.run} />
            <span className="jp-nbledger-main-row-note" title={trans.__('Content hash %1', one.hash)}>
              <code>{short(one.hash)}</code>
            </span>
          </td>
          {names.map(name => (
            <td key={name} className="jp-mod-number">
              {name in one.metrics ? <Value value={one.metrics[name]} /> : ''}
            </td>
          ))}
          <td>
            <Moment at={one.created_at} />
            <span className="jp-nbledger-main-row-note">{trans.__('by %1', one.who)}</span>
          </td>
          {areApproved ? (
            <td>
              {one.approvals.map(({ who, at, note }) => (
                <span key={who} className="jp-nbledger-main-mark jp-mod-best" title={[when(at), note].filter(Boolean).join('\n')}>
                  {who}
                </span>
              ))}
            </td>
          ) : null}
          <td className="jp-mod-tools">
            <Tools {...props} one={one} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Aliases and tags as marks, and the description below them. */
function Said({ one }: { one: IModelVersion }): JSX.Element {
  const description = one.tags[DESCRIPTION];
  return (
    <>
      <span className="jp-nbledger-main-aliases">
        {one.aliases.map(alias => (
          <span key={alias} className="jp-nbledger-main-mark jp-mod-alias">
            @{alias}
          </span>
        ))}
        {others(one.tags).map(([name, value]) => (
          <span key={name} className="jp-nbledger-main-mark">
            {name}: {value}
          </span>
        ))}
      </span>
      {description ? <span className="jp-nbledger-main-row-note">{description}</span> : null}
    </>
  );
}

function Tools(props: IProps & { one: IModelVersion }): JSX.Element {
  const { one, trans, context, path, about, why } = props;
  const { version } = one;
  const isMine = one.approvals.some(({ who }) => who === about.user);
  return (
    <>
      <Tool label={trans.__('Lineage')} of={trans.__('Lineage of version %1', version)} act={() => context.opener.lineage(path, `${one.model}/${version}`)} />
      {about.may.write ? (
        <Tool label={trans.__('Describe...')} of={trans.__('Describe version %1', version)} act={() => props.describe(version)} />
      ) : null}
      {about.may.promote ? (
        <Tool
          label={isMine ? trans.__('Take approval back...') : trans.__('Approve...')}
          of={isMine ? trans.__('Take back your approval of version %1', version) : trans.__('Approve version %1', version)}
          act={() => props.approve(version, isMine)}
        />
      ) : null}
      <Tool label={trans.__('Promote...')} of={trans.__('Promote version %1', version)} why={why} act={() => props.promote(version)} />
    </>
  );
}

/** One thing to do with a version: `of` says which one to those who cannot see the row. */
function Tool(props: { label: string; of: string; why?: string; act(): void }): JSX.Element {
  const { label, of, why, act } = props;
  return (
    <button
      type="button"
      className="jp-nbledger-main-link"
      aria-label={of}
      aria-disabled={why ? true : undefined}
      title={why || undefined}
      onClick={why ? undefined : act}
    >
      {label}
    </button>
  );
}
