/** Bodies that kubectl 1.32 sent, in base64, by the arguments it was called with. */
export const recordedBodies = {
  'create namespace demo': 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEZGVtbxIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==',
  'create deployment web --image=nginx --replicas=0 --port=80':
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAASDAoKCgNh' +
    'cHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoA' +
    'cgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=',
  'create configmap c --from-literal=a=1 --from-literal=b=x':
    'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEiMKEQoBYxIAGgAiACoAMgA4AEIAEgYKAWESATESBgoBYhIBeBoAIgA=',
  'create secret generic s --from-literal=p=geheim':
    'azhzAAoMCgJ2MRIGU2VjcmV0EiIKEQoBcxIAGgAiACoAMgA4AEIAEgsKAXASBmdlaGVpbRoAGgAiAA==',
  'create serviceaccount bot': 'azhzAAoUCgJ2MRIOU2VydmljZUFjY291bnQSFQoTCgNib3QSABoAIgAqADIAOABCABoAIgA=',
  'create service clusterip db --tcp=5432:5432':
    'azhzAAoNCgJ2MRIHU2VydmljZRJpCh0KAmRiEgAaACIAKgAyADgAQgBaCQoDYXBwEgJkYhJECh4KCTU0MzItNTQzMhIDVENQGLgq' +
    'IgcIABC4KhoAKAASCQoDYXBwEgJkYhoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
  'create service nodeport n --tcp=80:8080 --node-port=30080':
    'azhzAAoNCgJ2MRIHU2VydmljZRJkChsKAW4SABoAIgAqADIAOABCAFoICgNhcHASAW4SQQodCgc4MC04MDgwEgNUQ1AYUCIHCAAQ' +
    'kD8aACiA6wESCAoDYXBwEgFuGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=',
  'create job j --image=busybox -- date':
    'azhzAAoPCghiYXRjaC92MRIDSm9iEn4KEQoBahIAGgAiACoAMgA4AEIAEl8yXQoQCgASABoAIgAqADIAOABCABJJEiYKAWoSB2J1' +
    'c3lib3gaBGRhdGUqAEIAagByAIABAIgBAJABAKIBABoFTmV2ZXIyAEIASgBSAFgAYABoAIIBAIoBAJoBAMIBABoIIAAoADAAOgAa' +
    'ACIA',
  'auth can-i create pods':
    'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABC' +
    'ABIhCh8KB2RlZmF1bHQSBmNyZWF0ZRoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
  'auth can-i --list':
    'azhzAAoxChdhdXRob3JpemF0aW9uLms4cy5pby92MRIWU2VsZlN1YmplY3RSdWxlc1JldmlldxIjChAKABIAGgAiACoAMgA4AEIA' +
    'EgkKB2RlZmF1bHQaBBgAIgAaACIA',
  'auth whoami':
    'azhzAAotChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESEVNlbGZTdWJqZWN0UmV2aWV3EhoKEAoAEgAaACIAKgAyADgAQgASBgoE' +
    'CgASABoAIgA=',
};
