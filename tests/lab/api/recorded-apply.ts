/** What kubectl 1.32 sent when a changed Deployment was applied, without the annotation of the last applied text. */
export const firstApply = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    labels: {
      app: 'web',
      old: '1',
    },
    name: 'web',
    namespace: 'default',
  },
  spec: {
    replicas: 2,
    selector: {
      matchLabels: {
        app: 'web',
      },
    },
    strategy: {
      rollingUpdate: {
        maxSurge: 1,
      },
      type: 'RollingUpdate',
    },
    template: {
      metadata: {
        labels: {
          app: 'web',
        },
      },
      spec: {
        containers: [
          {
            args: ['x'],
            env: [
              {
                name: 'A',
                value: '1',
              },
              {
                name: 'B',
                value: '2',
              },
            ],
            image: 'nginx:1',
            name: 'one',
            ports: [
              {
                containerPort: 80,
              },
              {
                containerPort: 81,
              },
            ],
          },
          {
            image: 'busybox',
            name: 'two',
          },
        ],
        volumes: [
          {
            emptyDir: {},
            name: 'a',
          },
          {
            configMap: {
              name: 'c',
            },
            name: 'b',
          },
        ],
      },
    },
  },
};

export const secondApply = {
  metadata: {
    labels: {
      old: null,
    },
  },
  spec: {
    replicas: 3,
    strategy: {
      $retainKeys: ['type'],
      rollingUpdate: null,
      type: 'Recreate',
    },
    template: {
      metadata: {
        finalizers: ['x/y'],
      },
      spec: {
        '$setElementOrder/containers': [
          {
            name: 'three',
          },
          {
            name: 'one',
          },
        ],
        '$setElementOrder/volumes': [
          {
            name: 'b',
          },
        ],
        containers: [
          {
            image: 'curl',
            name: 'three',
          },
          {
            '$setElementOrder/env': [
              {
                name: 'C',
              },
              {
                name: 'B',
              },
            ],
            '$setElementOrder/ports': [
              {
                containerPort: 81,
              },
            ],
            args: ['p', 'z'],
            env: [
              {
                name: 'C',
                value: '3',
              },
              {
                $patch: 'delete',
                name: 'A',
              },
            ],
            image: 'nginx:2',
            name: 'one',
            ports: [
              {
                $patch: 'delete',
                containerPort: 80,
              },
            ],
          },
          {
            $patch: 'delete',
            name: 'two',
          },
        ],
        volumes: [
          {
            $retainKeys: ['emptyDir', 'name'],
            configMap: null,
            emptyDir: {},
            name: 'b',
          },
          {
            $patch: 'delete',
            name: 'a',
          },
        ],
      },
    },
  },
};
