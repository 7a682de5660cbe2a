namespace ChangeAdmission.EndToEnd;

/// <summary>The operator changes its place, or is away for a while, and etcd with it.</summary>
[Collection(Disruption.Name)]
public sealed class OperatorTests : IAsyncLifetime
{
    private static readonly Manifest Payments = A.Deployment("payments");

    public Task InitializeAsync() => Stack.StartControllerAsync();

    public async Task DisposeAsync()
    {
        await Stack.StopReplicaAsync(2);
        await Stack.StartControllerAsync();
    }

    [Fact]
    public async Task Another_replica_leads_when_the_leader_is_killed_and_at_once_when_it_ends()
    {
        var first = await Eventually.Get("a leader", HolderAsync, seconds: 40);
        await Stack.StartReplicaAsync(2);
        await Stack.KillControllerAsync();
        var killed = await Eventually.Holds("another leader", async () => await HolderAsync() is { } holder && holder != first, seconds: 40);
        var second = await HolderAsync();

        await Stack.StartControllerAsync();
        await Stack.StopReplicaAsync(2);
        var ended = await Eventually.Holds("yet another leader", async () => await HolderAsync() is { } holder && holder != second, seconds: 40);

        Stack.Note($"another led {killed.TotalSeconds:0.0} s after a SIGKILL, {ended.TotalSeconds:0.0} s after a SIGTERM");
        killed.TotalSeconds.Should().BeLessThan(20);
        ended.TotalSeconds.Should().BeLessThan(6);
    }

    [Fact]
    public async Task What_happened_while_etcd_was_away_is_rejected_and_nothing_is_lost()
    {
        var policy = await A.Policy().Limiting("Workload", 3).StoredAsync();
        var shop = await Namespaces.CriticalUnderAsync(policy);
        await Dev.Applies(Payments).In(shop).ShouldBeAdmitted();
        await Ledger.OutcomeAsync(shop, Payments, "Succeeded");

        using var webhook = await Webhook.ConnectAsync();
        var meanwhile = Review.Of(Payments, Payments.WithImage("6.6.6"), shop).With(request => request["dryRun"] = false);
        (await webhook.PostAsync(meanwhile.With(request => request["dryRun"] = true))).IsAdmission.Should().BeTrue("there is nothing wrong with it");

        await Stack.StopEtcdAsync();
        var answer = await webhook.PostAsync(meanwhile);
        answer.IsAdmission.Should().BeFalse();
        answer.Problem.Should().Contain("unavailable: ");
        await Stack.StartEtcdAsync();

        var back = await Eventually.Holds("the next rollout", async () => (await Dev.Applies(Payments.WithImage("1.1.0")).In(shop)).IsAdmitted, seconds: 30);
        Stack.Note($"after etcd came back, the first rollout was admitted after {back.TotalSeconds:0.0} s");
        await Ledger.OutcomeAsync(shop, Payments.WithImage("1.1.0"), "Succeeded");
        (await Ledger.EntriesAsync(shop, "Committed")).Should().HaveCount(2);
    }

    private static async Task<string?> HolderAsync()
    {
        var lease = await Api.Of("admin").SendAsync(HttpMethod.Get, "apis/coordination.k8s.io/v1/namespaces/changeadmission-system/leases/changeadmission");
        return lease.Body["spec"]?["holderIdentity"]?.GetValue<string>() is { Length: > 0 } holder ? holder : null;
    }
}
