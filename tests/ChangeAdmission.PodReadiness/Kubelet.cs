using System.Net;
using System.Runtime.CompilerServices;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace ChangeAdmission.PodReadiness;

/// <summary>Does for every pod of the cluster what the kubelet of its node would do, as far as its status tells.</summary>
internal sealed class Kubelet(Kubernetes client)
{
    private const string NeverReady = "test.changeadmission.io/never-ready";
    private const string True = "True";

    /// <summary>Enough to keep up with the controllers, and few enough to leave the server to others.</summary>
    private static readonly int Parallelism = 16;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(PodsAsync(cancellationToken), options, HandleAsync);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Say("stopped");
        }
    }

    /// <summary>Every pod as it is now and whenever it changes, without end: a watch that breaks is begun anew.</summary>
    private async IAsyncEnumerable<V1Pod> PodsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            await using var pods = ListAndWatchAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                // A method that yields cannot do so inside of try and catch: only the step is tried.
                try
                {
                    if (!await pods.MoveNextAsync())
                        break;
                }
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                {
                    if (failures++ == 0)
                        Say($"connecting again: {exception.Message}");
                    await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100 * failures, 1000)), cancellationToken);
                    break;
                }

                failures = 0;
                yield return pods.Current;
            }
        }
    }

    private async IAsyncEnumerable<V1Pod> ListAndWatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var list = await client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: cancellationToken);
        Say($"watching the pods of {client.BaseUri}; there are {list.Items.Count}");
        foreach (var pod in list.Items)
            yield return pod;

        var changes = client.CoreV1.WatchListPodForAllNamespacesAsync(
            resourceVersion: list.ResourceVersion(),
            timeoutSeconds: 600,
            cancellationToken: cancellationToken);
        await foreach (var (change, pod) in changes.WithCancellation(cancellationToken))
        {
            if (change is WatchEventType.Added or WatchEventType.Modified)
                yield return pod;
        }
    }

    private async ValueTask HandleAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await UpdateAsync(pod, cancellationToken);
                return;
            }
            catch (HttpOperationException exception)
                when (exception.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
            {
                // Deleted in the meantime, or another pod has the name now and is a matter of its own.
                return;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // Mostly the server is down, or its etcd. The watch may survive that, so nothing else brings this pod again.
                Say($"{pod.Namespace()}/{pod.Name()}: trying again: {exception.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }
        }
    }

    private async Task UpdateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            // The server waits for the node of the pod to confirm its end.
            var options = new V1DeleteOptions { GracePeriodSeconds = 0, Preconditions = new V1Preconditions { Uid = pod.Uid() } };
            await client.CoreV1.DeleteNamespacedPodAsync(
                pod.Name(), pod.Namespace(), options, cancellationToken: cancellationToken);
            Say($"{pod.Namespace()}/{pod.Name()}: removed");
        }
        else if (pod.Status?.Phase is null or "Pending" && !IsNeverReady(pod))
        {
            // The server refuses the patch where the pod of this name is another one by now.
            var patch = new { metadata = new { uid = pod.Uid() }, status = Ready(pod, DateTime.UtcNow) };
            await client.CoreV1.PatchNamespacedPodStatusAsync(
                new V1Patch(patch, V1Patch.PatchType.StrategicMergePatch),
                pod.Name(),
                pod.Namespace(),
                cancellationToken: cancellationToken);
            Say($"{pod.Namespace()}/{pod.Name()}: ready");
        }
    }

    private static bool IsNeverReady(V1Pod pod) =>
        pod.GetAnnotation(NeverReady) == "true" || pod.GetLabel(NeverReady) == "true";

    private static V1PodStatus Ready(V1Pod pod, DateTime now) => new()
    {
        Phase = "Running",
        StartTime = now,
        Conditions =
        [
            .. from type in (string[])["PodScheduled", "Initialized", "ContainersReady", "Ready"]
               select new V1PodCondition { Type = type, Status = True, LastTransitionTime = now },
        ],
        InitContainerStatuses =
        [
            .. from container in pod.Spec.InitContainers ?? []
               select Status(container, new V1ContainerState
               {
                   Terminated = new V1ContainerStateTerminated { ExitCode = 0, Reason = "Completed", StartedAt = now, FinishedAt = now },
               }),
        ],
        ContainerStatuses =
        [
            .. from container in pod.Spec.Containers
               select Status(container, new V1ContainerState { Running = new V1ContainerStateRunning { StartedAt = now } }),
        ],
    };

    private static V1ContainerStatus Status(V1Container container, V1ContainerState state) => new()
    {
        Name = container.Name,
        Image = container.Image,
        ImageID = container.Image,
        Ready = true,
        Started = state.Running is not null,
        RestartCount = 0,
        State = state,
    };

    private static void Say(string line) => Console.WriteLine($"pod-readiness: {line}");
}
