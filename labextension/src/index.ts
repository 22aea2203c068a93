import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { PageConfig } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { AppView } from './app';
import { addCommands, CommandIDs } from './commands';
import { GenlabDrive, isOurs } from './drive';
import { genlabIcon } from './icon';
import { RunLog } from './log';
import { GenlabPanel } from './panel';
import { Server } from './request';

const CATEGORY = 'GenLab';

/** GenLab in JupyterLab: launcher, palette, side panel, file browser. */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'genlab-widgets:plugin',
  description: 'Train Spark NLP models from annotation projects.',
  autoStart: true,
  // All are optional: where there is no lab shell (Voila, Notebook) the extension does nothing and says nothing.
  optional: [
    ILabShell,
    IDocumentManager,
    ICommandPalette,
    ILauncher,
    ILayoutRestorer,
    IFileBrowserFactory,
    ITranslator,
  ],
  activate: (
    app: JupyterFrontEnd,
    shell: ILabShell | null,
    documents: IDocumentManager | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null,
  ) => {
    if (!shell || !documents) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('genlab_widgets');
    const server = new Server(app.serviceManager.serverSettings);
    const drive = new GenlabDrive(server);
    app.serviceManager.contents.addDrive(drive);
    app.docRegistry.addWidgetExtension('Notebook', new AppView(trans));

    // JupyterLab would look for the address's document in a file browser, and ours is in none.
    const asked = PageConfig.getOption('treePath');
    if (isOurs(asked)) {
      PageConfig.setOption('treePath', '');
      void app.restored.then(() => documents.openOrReveal(asked, 'Notebook'));
    }

    const panel = new GenlabPanel(server, app.commands, trans);
    const logs = new WidgetTracker<MainAreaWidget<RunLog>>({ namespace: 'genlab-logs' });
    const openLog = (run: string) => {
      let tab = logs.find((open) => open.content.run === run);
      if (!tab) {
        tab = new MainAreaWidget({ content: new RunLog(run, server, trans) });
        tab.id = `genlab-log-${run}`;
        tab.title.label = trans.__('Log of %1', run);
        tab.title.icon = genlabIcon;
        tab.title.closable = true;
        shell.add(tab, 'main');
        void logs.add(tab);
      }
      shell.activateById(tab.id);
    };
    addCommands({ app, documents, browsers, drive, server, trans, openLog, changed: () => panel.refresh() });

    shell.add(panel, 'left', { rank: 600 });
    restorer?.add(panel, panel.id);
    void restorer?.restore(logs, {
      command: CommandIDs.openLog,
      args: (tab) => ({ run: tab.content.run }),
      name: (tab) => tab.content.run,
    });
    for (const [rank, page] of ['train', 'models'].entries()) {
      launcher?.add({ command: CommandIDs.openPage, args: { page }, category: CATEGORY, rank });
    }
    for (const page of ['train', 'history', 'models', 'setup', 'infrastructure']) {
      palette?.addItem({ command: CommandIDs.openPage, args: { page }, category: CATEGORY });
    }
    app.contextMenu.addItem({
      command: CommandIDs.importProject,
      selector: '.jp-DirListing-item',
      rank: 5,
    });
  },
};

export default plugin;
