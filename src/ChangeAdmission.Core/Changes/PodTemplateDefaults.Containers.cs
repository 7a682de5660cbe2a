using static ChangeAdmission.Core.Changes.ConditionalRules;
using static ChangeAdmission.Core.Changes.FieldRule;

namespace ChangeAdmission.Core.Changes;

internal static partial class PodTemplateDefaults
{
    private const string Container = "spec.{containers,initContainers,ephemeralContainers}[]";
    private const string Probe = Container + ".{livenessProbe,readinessProbe,startupProbe}";
    private const string Handler = Container + ".{livenessProbe,readinessProbe,startupProbe,lifecycle.postStart,lifecycle.preStop}";

#pragma warning disable IDE0055
    private static DefaultsRow[] OfContainers =>
    [
        new(Container + ".imagePullPolicy",             PullPolicyOfImage,                      "SetDefaults_Container"),
        new(Container + ".terminationMessagePath",      Default("/dev/termination-log"),        "SetDefaults_Container"),
        new(Container + ".terminationMessagePolicy",    Default("File"),                        "SetDefaults_Container"),
        new(Container + ".{image,workingDir,targetContainerName}", ZeroText,                    "Container, EphemeralContainer"),
        new(Container + ".{stdin,stdinOnce,tty}",       ZeroFlag,                               "Container"),
        new(Container + ".{command,args,ports,env,envFrom,volumeMounts,volumeDevices}", EmptyList, "Container"),
        new(Container + ".resizePolicy",                EmptyList,                              "Container, since 1.27"),
        new(Container + ".restartPolicyRules",          EmptyList,                              "Container, since 1.34"),

        new(Container + ".resources",                   EmptyObject,                            "Container.Resources"),
        new(Container + ".resources.{limits,requests}", FieldRule.ResourceList,                 "ResourceRequirements"),
        new(Container + ".resources.{limits,requests}.*", ResourceQuantity,                     "SetDefaults_ResourceList"),
        new(Container + ".resources.claims",            EmptyList,                              "ResourceRequirements, since 1.26"),
        new(Container + ".resources.claims[].request",  ZeroText,                               "ResourceClaim, since 1.31"),

        new(Container + ".ports[].protocol",            Default("TCP"),                         "SetDefaults_ContainerPort, +default"),
        new("spec.{containers,initContainers}[].ports[].hostPort", HostPort,                    "defaultHostNetworkPorts"),
        new("spec.ephemeralContainers[].ports[].hostPort", ZeroNumber,                          "ContainerPort"),
        new(Container + ".ports[].{name,hostIP}",       ZeroText,                               "ContainerPort"),

        new(Container + ".env[].value",                 ZeroText,                               "EnvVar"),
        new(Container + ".env[].valueFrom.fieldRef.apiVersion", Default("v1"),                  "SetDefaults_ObjectFieldSelector"),
        new(Container + ".env[].valueFrom.resourceFieldRef.divisor", ZeroQuantity,              "ResourceFieldSelector"),
        new(Container + ".env[].valueFrom.resourceFieldRef.containerName", ZeroText,            "ResourceFieldSelector"),
        new(Container + ".env[].valueFrom.{configMapKeyRef,secretKeyRef}.name", ZeroText,       "LocalObjectReference"),
        new(Container + ".env[].valueFrom.fileKeyRef.optional", PointerDefault(false),          "FileKeySelector +default, since 1.34"),
        new(Container + ".envFrom[].prefix",            ZeroText,                               "EnvFromSource"),
        new(Container + ".envFrom[].{configMapRef,secretRef}.name", ZeroText,                   "LocalObjectReference"),

        new(Container + ".volumeMounts[].readOnly",     ZeroFlag,                               "VolumeMount"),
        new(Container + ".volumeMounts[].{subPath,subPathExpr}", ZeroText,                      "VolumeMount"),

        new(Probe + ".timeoutSeconds",                  Default(1),                             "SetDefaults_Probe"),
        new(Probe + ".periodSeconds",                   Default(10),                            "SetDefaults_Probe"),
        new(Probe + ".successThreshold",                Default(1),                             "SetDefaults_Probe"),
        new(Probe + ".failureThreshold",                Default(3),                             "SetDefaults_Probe"),
        new(Probe + ".initialDelaySeconds",             ZeroNumber,                             "Probe"),
        new(Probe + ".grpc.service",                    PointerDefault(""),                     "GRPCAction +default, since 1.23"),

        new(Handler + ".httpGet.path",                  Default("/"),                           "SetDefaults_HTTPGetAction"),
        new(Handler + ".httpGet.scheme",                Default("HTTP"),                        "SetDefaults_HTTPGetAction"),
        new(Handler + ".httpGet.host",                  ZeroText,                               "HTTPGetAction"),
        new(Handler + ".httpGet.httpHeaders",           EmptyList,                              "HTTPGetAction"),
        new(Handler + ".httpGet.httpHeaders[].value",   ZeroText,                               "HTTPHeader"),
        new(Handler + ".tcpSocket.host",                ZeroText,                               "TCPSocketAction"),
        new(Handler + ".exec.command",                  EmptyList,                              "ExecAction"),

        new(Container + ".securityContext.capabilities.{add,drop}", EmptyList,                  "Capabilities"),
        new(Container + ".securityContext.seLinuxOptions.{user,role,type,level}", ZeroText,     "SELinuxOptions"),
    ];
#pragma warning restore IDE0055
}
