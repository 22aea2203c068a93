import { LabIcon } from '@jupyterlab/ui-components';

const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M9 2v2h1v5.2L4.3 18.7A2.2 2.2 0 0 0 6.200 22h11.600a2.200 2.200 0 0 0 1.900-3.300L14 9.200V4h1V2zm3 2v5.700l2.600 4.300H9.400L12 9.700z"/>
  </g>
</svg>`;

export const genlabIcon = new LabIcon({ name: 'genlab-widgets:genlab', svgstr });
