using System.Runtime.InteropServices;
using ChangeAdmission.PodReadiness;
using k8s;

const string Usage = """
    Usage: ChangeAdmission.PodReadiness [--kubeconfig <path>]

    Plays the kubelet on a control plane without nodes: every pod becomes Running and Ready
    as soon as it is created, and a pod that is being deleted is removed. A pod with the
    annotation or label test.changeadmission.io/never-ready: "true" stays Pending.

      --kubeconfig <path>  default: the environment variable KUBECONFIG

    Runs until SIGTERM or SIGINT, through restarts of the API server.
    """;

var kubeconfig = Environment.GetEnvironmentVariable("KUBECONFIG");
switch (args)
{
    case []:
        break;
    case ["--help" or "-h"]:
        Console.WriteLine(Usage);
        return 0;
    case ["--kubeconfig", var path]:
        kubeconfig = path;
        break;
    case [var argument] when argument.StartsWith("--kubeconfig=", StringComparison.Ordinal):
        kubeconfig = argument["--kubeconfig=".Length..];
        break;
    default:
        Console.Error.WriteLine(Usage);
        return 2;
}

if (string.IsNullOrEmpty(kubeconfig) || !File.Exists(kubeconfig))
{
    Console.Error.WriteLine(
        $"There is no kubeconfig '{kubeconfig}': name one with --kubeconfig, or start a control plane with eng/control-plane up.");
    return 2;
}

using var stopping = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    // Otherwise the runtime ends the process with the exit code of the signal.
    signal.Cancel = true;
    stopping.Cancel();
}

using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig));
await new Kubelet(client).RunAsync(stopping.Token);
return 0;
