/**
 * A `ledger.db` opens by double click as a table of its runs.
 *
 * The file itself may have gigabytes: it is never fetched, the server reads it where it lies.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ABCWidgetFactory, DocumentWidget } from '@jupyterlab/docregistry';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import { ledgerIcon } from '../common/icon';
import type { IRunViews } from '../sidebar/views';

export const FACTORY = 'Ledger';
const WITHOUT_CONTENT = 'nbledger:without-content';

class Factory extends ABCWidgetFactory<DocumentWidget<Widget>> {
  constructor(
    options: DocumentRegistry.IWidgetFactoryOptions<DocumentWidget<Widget>>,
    private readonly views: IRunViews
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget<Widget> {
    const content = this.views.make({
      name: `tab:${context.path}`,
      scopes: ['experiment', 'ledger'],
      place: { path: context.path, isNotebook: false }
    });
    content.title.icon = ledgerIcon;
    return new DocumentWidget({ content, context });
  }
}

/** Make the application open `ledger.db`; `onOpen` is told of each widget. */
export function addDocuments(
  app: JupyterFrontEnd,
  views: IRunViews,
  trans: TranslationBundle,
  onOpen: (widget: DocumentWidget<Widget>) => void
): void {
  const { contents } = app.serviceManager;
  const drive = (contents as { defaultDrive?: Contents.IDrive }).defaultDrive;
  const providers = drive?.contentProviderRegistry;
  providers?.register(WITHOUT_CONTENT, {
    get: (path, options) =>
      (drive as Contents.IDrive)
        .get(path, { ...options, content: false, contentProviderId: undefined })
        .then(model => ({ ...model, content: '', format: 'text' as const, writable: false })),
    save: () => Promise.reject(new Error(trans.__('A ledger is written by nbledger alone.')))
  });
  app.docRegistry.addFileType({
    name: 'nbledger',
    displayName: trans.__('Ledger'),
    // Only this name: other databases are none of ours.
    pattern: '^ledger\\.db$',
    extensions: [],
    mimeTypes: ['application/vnd.sqlite3'],
    contentType: 'file',
    fileFormat: 'base64',
    icon: ledgerIcon
  });
  const factory = new Factory(
    {
      name: FACTORY,
      label: trans.__('Ledger'),
      fileTypes: ['nbledger'],
      defaultFor: ['nbledger'],
      modelName: 'text',
      readOnly: true,
      translator: undefined,
      ...(providers ? { contentProviderId: WITHOUT_CONTENT } : {})
    },
    views
  );
  factory.widgetCreated.connect((_, widget) => onOpen(widget));
  app.docRegistry.addWidgetFactory(factory);
}
