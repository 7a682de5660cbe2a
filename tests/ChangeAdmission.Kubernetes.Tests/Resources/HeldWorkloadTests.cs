using System.Collections.Immutable;
using System.Text.Json;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Resources;

namespace ChangeAdmission.Kubernetes.Tests.Resources;

/// <summary>What informers hold of a workload is a few values, however large the object is.</summary>
public sealed class HeldWorkloadTests
{
    private const int Workloads = 5_000;
    private const int Most = 2 * 1024;

    [Fact]
    public void A_workload_that_is_held_takes_less_than_two_KiB()
    {
        var held = ImmutableDictionary.Create<string, WorkloadObject>(StringComparer.Ordinal);
        _ = Read(0);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < Workloads; i++)
        {
            held = held.SetItem($"shop/payments-{i}", Read(i));
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Workloads;
        each.Should().BeInRange(100, Most);
        GC.KeepAlive(held);
    }

    // About 20 KB, of which two images are of interest.
    private static WorkloadObject Read(int number)
    {
        var environment = string.Join(',', Enumerable.Range(0, 400).Select(i => $$"""{"name":"VARIABLE_{{i}}","value":"some text of it {{number}}"}"""));
        var json = $$$"""
            {"apiVersion":"apps/v1","kind":"Deployment",
             "metadata":{"name":"payments-{{{number}}}","namespace":"shop","uid":"{{{Guid.NewGuid()}}}","resourceVersion":"{{{number}}}","generation":3,
              "creationTimestamp":"2026-03-02T12:00:00Z","annotations":{"changeadmission.io/senior-approval":"sha256:{{{new string('1', 64)}}}/senior"}},
             "spec":{"replicas":2,"selector":{"matchLabels":{"app":"payments"}},
              "template":{"metadata":{"labels":{"app":"payments"}},
               "spec":{"initContainers":[{"name":"i","image":"registry.example.com/shop/init:1"}],
                "containers":[{"name":"p","image":"registry.example.com/shop/payments:{{{number}}}","env":[{{{environment}}}] } ] } } },
             "status":{"observedGeneration":3,"replicas":2,"updatedReplicas":2,"availableReplicas":2}}
            """;
        using var document = JsonDocument.Parse(json);
        return WorkloadObject.Read(WorkloadKind.Deployment, document.RootElement);
    }
}
