using static ChangeAdmission.Core.Changes.ConditionalRules;
using static ChangeAdmission.Core.Changes.FieldRule;

namespace ChangeAdmission.Core.Changes;

internal static partial class PodTemplateDefaults
{
    private const string Volume = "spec.volumes[]";
    private const string Projection = Volume + ".projected.sources[]";
    private const string DownwardItem = Volume + ".{downwardAPI,projected.sources[].downwardAPI}.items[]";
    private const string Claim = Volume + ".ephemeral.volumeClaimTemplate";

#pragma warning disable IDE0055
    private static DefaultsRow[] OfVolumes =>
    [
        new(Volume + ".emptyDir",                       OnlySource,                             "SetDefaults_Volume"),
        new(Volume + ".emptyDir.medium",                ZeroText,                               "EmptyDirVolumeSource"),
        new(Volume + ".emptyDir.sizeLimit",             PointerQuantity,                        "EmptyDirVolumeSource"),
        new(Volume + ".hostPath.type",                  PointerDefault(""),                     "SetDefaults_HostPathVolumeSource"),
        new(Volume + ".image.pullPolicy",               PullPolicyOfReference,                  "SetDefaults_Volume, since 1.31"),
        new(Volume + ".image.reference",                ZeroText,                               "ImageVolumeSource, since 1.31"),
        new(Volume + ".persistentVolumeClaim.readOnly", ZeroFlag,                               "PersistentVolumeClaimVolumeSource"),

        new(Volume + ".secret.defaultMode",             PointerDefault(420),                    "SetDefaults_SecretVolumeSource"),
        new(Volume + ".secret.secretName",              ZeroText,                               "SecretVolumeSource"),
        new(Volume + ".secret.items",                   EmptyList,                              "SecretVolumeSource"),
        new(Volume + ".configMap.defaultMode",          PointerDefault(420),                    "SetDefaults_ConfigMapVolumeSource"),
        new(Volume + ".configMap.name",                 ZeroText,                               "LocalObjectReference"),
        new(Volume + ".configMap.items",                EmptyList,                              "ConfigMapVolumeSource"),
        new(Volume + ".downwardAPI.defaultMode",        PointerDefault(420),                    "SetDefaults_DownwardAPIVolumeSource"),
        new(Volume + ".downwardAPI.items",              EmptyList,                              "DownwardAPIVolumeSource"),
        new(DownwardItem + ".fieldRef.apiVersion",      Default("v1"),                          "SetDefaults_ObjectFieldSelector"),
        new(DownwardItem + ".resourceFieldRef.divisor", ZeroQuantity,                           "ResourceFieldSelector"),
        new(DownwardItem + ".resourceFieldRef.containerName", ZeroText,                         "ResourceFieldSelector"),

        new(Volume + ".projected.defaultMode",          PointerDefault(420),                    "SetDefaults_ProjectedVolumeSource"),
        new(Volume + ".projected.sources",              EmptyList,                              "ProjectedVolumeSource"),
        new(Projection + ".{secret,configMap}.name",    ZeroText,                               "LocalObjectReference"),
        new(Projection + ".{secret,configMap,downwardAPI}.items", EmptyList,                    "SecretProjection, ConfigMapProjection"),
        new(Projection + ".serviceAccountToken.expirationSeconds", PointerDefault(3600),        "SetDefaults_ServiceAccountTokenProjection"),
        new(Projection + ".serviceAccountToken.audience", ZeroText,                             "ServiceAccountTokenProjection"),
        new(Projection + ".clusterTrustBundle.labelSelector.matchLabels", TextMap,              "LabelSelector, since 1.29"),
        new(Projection + ".clusterTrustBundle.labelSelector.matchExpressions", EmptyList,       "LabelSelector, since 1.29"),
        new(Projection + ".podCertificate.maxExpirationSeconds", PointerDefault(86400),         "PodCertificateProjection, since 1.34"),
        new(Projection + ".podCertificate.{credentialBundlePath,keyPath,certificateChainPath}", ZeroText, "PodCertificateProjection"),

        new(Claim + ".metadata",                        EmptyObject,                            "PersistentVolumeClaimTemplate"),
        new(Claim + ".metadata.{labels,annotations}",   TextMap,                                "ObjectMeta"),
        new(Claim + ".metadata.{name,generateName,namespace,uid,resourceVersion,selfLink}", ZeroText, "ObjectMeta"),
        new(Claim + ".spec.volumeMode",                 PointerDefault("Filesystem"),           "SetDefaults_PersistentVolumeClaimSpec"),
        new(Claim + ".spec.accessModes",                EmptyList,                              "PersistentVolumeClaimSpec"),
        new(Claim + ".spec.volumeName",                 ZeroText,                               "PersistentVolumeClaimSpec"),
        new(Claim + ".spec.selector.matchLabels",       TextMap,                                "LabelSelector"),
        new(Claim + ".spec.selector.matchExpressions",  EmptyList,                              "LabelSelector"),
        new(Claim + ".spec.selector.matchExpressions[].values", EmptyList,                      "LabelSelectorRequirement"),
        new(Claim + ".spec.resources",                  EmptyObject,                            "PersistentVolumeClaimSpec.Resources"),
        new(Claim + ".spec.resources.{limits,requests}", FieldRule.ResourceList,                "VolumeResourceRequirements"),
        new(Claim + ".spec.resources.{limits,requests}.*", ResourceQuantity,                    "SetDefaults_ResourceList"),

        new(Volume + ".csi.volumeAttributes",           TextMap,                                "CSIVolumeSource"),
        new(Volume + ".csi.nodePublishSecretRef.name",  ZeroText,                               "LocalObjectReference"),
        new(Volume + ".flexVolume.options",             TextMap,                                "FlexVolumeSource"),
        new(Volume + ".flexVolume.{fsType,secretRef.name}", ZeroText,                           "FlexVolumeSource"),
        new(Volume + ".nfs.readOnly",                   ZeroFlag,                               "NFSVolumeSource"),

        new(Volume + ".iscsi.iscsiInterface",           Default("default"),                     "SetDefaults_ISCSIVolumeSource"),
        new(Volume + ".iscsi.lun",                      ZeroNumber,                             "ISCSIVolumeSource"),
        new(Volume + ".iscsi.portals",                  EmptyList,                              "ISCSIVolumeSource"),
        new(Volume + ".iscsi.{chapAuthDiscovery,chapAuthSession,readOnly}", ZeroFlag,           "ISCSIVolumeSource"),
        new(Volume + ".iscsi.{fsType,secretRef.name}",  ZeroText,                               "ISCSIVolumeSource"),
        new(Volume + ".rbd.pool",                       Default("rbd"),                         "SetDefaults_RBDVolumeSource"),
        new(Volume + ".rbd.user",                       Default("admin"),                       "SetDefaults_RBDVolumeSource"),
        new(Volume + ".rbd.keyring",                    Default("/etc/ceph/keyring"),           "SetDefaults_RBDVolumeSource"),
        new(Volume + ".rbd.{fsType,secretRef.name}",    ZeroText,                               "RBDVolumeSource"),
        new(Volume + ".azureDisk.cachingMode",          PointerDefault("ReadWrite"),            "SetDefaults_AzureDiskVolumeSource"),
        new(Volume + ".azureDisk.kind",                 PointerDefault("Shared"),               "SetDefaults_AzureDiskVolumeSource"),
        new(Volume + ".azureDisk.fsType",               PointerDefault("ext4"),                 "SetDefaults_AzureDiskVolumeSource"),
        new(Volume + ".azureDisk.readOnly",             PointerDefault(false),                  "SetDefaults_AzureDiskVolumeSource"),
        new(Volume + ".scaleIO.storageMode",            Default("ThinProvisioned"),             "SetDefaults_ScaleIOVolumeSource"),
        new(Volume + ".scaleIO.fsType",                 Default("xfs"),                         "SetDefaults_ScaleIOVolumeSource"),
        new(Volume + ".scaleIO.{protectionDomain,storagePool,volumeName,secretRef.name}", ZeroText, "ScaleIOVolumeSource"),
        new(Volume + ".scaleIO.sslEnabled",             ZeroFlag,                               "ScaleIOVolumeSource"),

        new(Volume + ".{gcePersistentDisk,awsElasticBlockStore}.partition", ZeroNumber,         "GCEPersistentDiskVolumeSource"),
        new(Volume + ".{gcePersistentDisk,awsElasticBlockStore,cinder,vsphereVolume,photonPersistentDisk,portworxVolume}.fsType", ZeroText, "…VolumeSource"),
        new(Volume + ".{gcePersistentDisk,awsElasticBlockStore,cinder,cephfs,rbd,flexVolume,glusterfs}.readOnly", ZeroFlag, "…VolumeSource"),
        new(Volume + ".{fc,azureFile,quobyte,portworxVolume,scaleIO,storageos}.readOnly", ZeroFlag, "…VolumeSource"),
        new(Volume + ".{cinder,cephfs,storageos}.secretRef.name", ZeroText,                     "LocalObjectReference"),
        new(Volume + ".cephfs.{path,user,secretFile}",  ZeroText,                               "CephFSVolumeSource"),
        new(Volume + ".fc.{targetWWNs,wwids}",          EmptyList,                              "FCVolumeSource"),
        new(Volume + ".fc.fsType",                      ZeroText,                               "FCVolumeSource"),
        new(Volume + ".flocker.{datasetName,datasetUUID}", ZeroText,                            "FlockerVolumeSource"),
        new(Volume + ".gitRepo.{revision,directory}",   ZeroText,                               "GitRepoVolumeSource"),
        new(Volume + ".quobyte.{user,group,tenant}",    ZeroText,                               "QuobyteVolumeSource"),
        new(Volume + ".storageos.{volumeName,volumeNamespace,fsType}", ZeroText,                "StorageOSVolumeSource"),
        new(Volume + ".vsphereVolume.{storagePolicyName,storagePolicyID}", ZeroText,            "VsphereVirtualDiskVolumeSource"),
    ];
#pragma warning restore IDE0055
}
