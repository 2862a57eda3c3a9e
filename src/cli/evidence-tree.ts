// The evidence chain as a tree for people: one line a link, in the order of the story.
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import type { Style } from './output.ts';

export interface TreeNode {
  readonly name: string;
  readonly text: string;
  readonly style?: Style;
  readonly children: readonly TreeNode[];
}

/** What `why` answered for an image, digest or serial, as a tree. Unknown members are passed over. */
export function evidenceTree(subject: string, chain: JsonObject): TreeNode {
  const signatures = listOf(chain['signatures']);
  const certificates = listOf(chain['certificates']);
  return node('evidence', subject, [
    ...(typeof chain['digest'] === 'string' ? [node('digest', chain['digest'])] : []),
    ...decisionNodes(listOf(chain['decisions']), listOf(chain['policies'])),
    ...(chain['signatures'] !== undefined && signatures.length === 0
      ? [node('signature', 'none', [], 'bad')]
      : []),
    ...signatures.map(signatureNode),
    ...certificates.map((certificate) => certificateNode(certificate, listOf(chain['authorities']))),
    ...listOf(chain['entries']).map(entryNode),
    ...listOf(chain['logs']).map(logNode),
    node(
      'witness',
      chain['witnessed'] === true
        ? 'an outside witness has cosigned'
        : 'none: nobody outside has cosigned this log',
      [],
      chain['witnessed'] === true ? 'good' : 'dim',
    ),
  ]);
}

function decisionNodes(
  decisions: readonly JsonObject[],
  policies: readonly JsonObject[],
): readonly TreeNode[] {
  const [latest] = decisions;
  if (latest === undefined)
    return [node('decision', 'none on record: no cluster asked for this image', [], 'dim')];
  const allowed = latest['allowed'] === true;
  const policy = policies.find((each) => each['version'] === latest['policyVersion']);
  return [
    node(
      'decision',
      `${allowed ? 'allowed' : 'denied'} in ${text(latest, 'environment')} at ${text(latest, 'time')} (${text(latest, 'code')})`,
      [
        ...(text(latest, 'message') === '' ? [] : [node('reason', text(latest, 'message'))]),
        node(
          'policy',
          `${text(latest, 'policyVersion')}${policy?.['current'] === true ? ', in force now' : ''}`,
        ),
        ...(decisions.length > 1 ? [node('earlier', `${decisions.length - 1} more decision(s)`)] : []),
      ],
      allowed ? 'good' : 'bad',
    ),
  ];
}

function signatureNode(signature: JsonObject): TreeNode {
  const bundle = text(signature, 'bundle').slice(0, 19);
  if (signature['verified'] !== true) {
    return node(
      'signature',
      `${bundle}… does not count: ${text(signature, 'code')} ${text(signature, 'message')}`,
      [],
      'bad',
    );
  }
  const kind = signature['kind'] === 'attestation' ? 'attestation' : 'signature';
  const certificate = signature['certificate'];
  const log = listOf(signature['log']);
  const times = listOf(signature['times']);
  return node(
    kind,
    `${bundle}… by ${text(signature, 'identity')}`,
    [
      node('issuer', text(signature, 'issuer')),
      ...times.map((time) => node('time', `${text(time, 'at')} (${text(time, 'source')})`)),
      ...(isObject(certificate)
        ? [certificateNode(certificate, listOf(signature['authorities']))]
        : [node('certificate', `${text(signature, 'certificateSerial')}, not issued by this yard`)]),
      ...log.map((entry) => node('log', `${text(entry, 'origin')} index ${text(entry, 'index')}`)),
    ],
    'good',
  );
}

function certificateNode(certificate: JsonObject, authorities: readonly JsonObject[]): TreeNode {
  const identity = certificate['identity'];
  const [issuing] = authorities;
  return node('certificate', text(certificate, 'serial'), [
    node('valid', `${text(certificate, 'notBefore')} to ${text(certificate, 'notAfter')}`),
    ...(text(certificate, 'policyVersion') === ''
      ? []
      : [node('policy', text(certificate, 'policyVersion'))]),
    ...(isObject(identity) ? jobNodes(identity) : []),
    ...(issuing === undefined
      ? []
      : [
          node(
            'CA key',
            `${text(issuing, 'key')} of ${authorities.map((each) => text(each, 'id')).join(' < ')}`,
          ),
        ]),
    ...(text(certificate, 'logIndex') === ''
      ? []
      : [node('log', `certificate log index ${text(certificate, 'logIndex')}`)]),
  ]);
}

/** The CI job as its token told it. */
function jobNodes(identity: JsonObject): readonly TreeNode[] {
  const shown = Object.entries(identity).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? [node(name, String(value))] : [],
  );
  return [
    node(
      'CI job',
      text(identity, 'subject'),
      shown.filter(({ name }) => name !== 'subject'),
    ),
  ];
}

function entryNode(entry: JsonObject): TreeNode {
  return node('log', `${text(entry, 'log')} log index ${text(entry, 'logIndex')} at ${text(entry, 'time')}`);
}

function logNode(log: JsonObject): TreeNode {
  return node(
    'head',
    `${text(log, 'origin')}: ${text(log, 'size')} entries, root ${text(log, 'rootHash')}`,
    [],
    'dim',
  );
}

function node(name: string, value: string, children: readonly TreeNode[] = [], style?: Style): TreeNode {
  return { name, text: value, children, ...(style === undefined ? {} : { style }) };
}

function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}

/** Draws the tree. Depth is bounded by how it is built. */
export function treeText(tree: TreeNode, style: (style: Style, text: string) => string): string {
  const lines: string[] = [style('bold', tree.text)];
  const draw = (children: readonly TreeNode[], indent: string): void => {
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1;
      lines.push(
        `${indent}${isLast ? '└─ ' : '├─ '}${style('dim', child.name)} ${style(child.style ?? 'plain', child.text)}`,
      );
      draw(child.children, `${indent}${isLast ? '   ' : '│  '}`);
    }
  };
  draw(tree.children, '');
  return lines.join('\n');
}
