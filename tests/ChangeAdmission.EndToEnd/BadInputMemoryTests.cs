namespace ChangeAdmission.EndToEnd;

/// <summary>Nobody can make the controller grow by sending it nonsense. Alone, because other tests would be measured too.</summary>
[Collection(Alone.Name)]
public sealed class BadInputMemoryTests
{
    private const long MiB = 1024 * 1024;

    /// <summary>Small bodies to each large one: the large ones are many MiB a second.</summary>
    private const int Rounds = 40;

    [Fact]
    public async Task The_memory_stays_flat_under_thousands_of_bad_requests()
    {
        using var webhook = await Webhook.ConnectAsync();
        var shop = await Namespaces.CriticalAsync();
        var bodies = BadInput.Bodies.Select(b => b.Make(shop)).ToList();
        var controller = Stack.Controller().Id;

        // The first rounds fill pools, compile code and settle what the process keeps.
        await FloodAsync(webhook, bodies, Rounds);
        var before = ResidentSet();
        await FloodAsync(webhook, bodies, Rounds);
        var half = ResidentSet();
        await FloodAsync(webhook, bodies, Rounds);
        var after = ResidentSet();

        Stack.Note($"resident set: {before / MiB} MiB, after {bodies.Count * Rounds} bad requests {half / MiB} MiB, "
            + $"after {2 * bodies.Count * Rounds} {after / MiB} MiB");
        Stack.Controller().Id.Should().Be(controller, "it did not crash");
        (after - before).Should().BeLessThan(32 * MiB, "{0} MiB before, {1} MiB half way", before / MiB, half / MiB);
    }

    private static Task FloodAsync(Webhook webhook, List<byte[]> bodies, int rounds) => Parallel.ForEachAsync(
        Enumerable.Range(0, rounds).SelectMany(_ => bodies),
        new ParallelOptions { MaxDegreeOfParallelism = 8 },
        async (body, _) => (await webhook.PostAsync(body)).IsAdmission.Should().BeFalse());

    private static long ResidentSet()
    {
        using var process = Stack.Controller();
        return process.WorkingSet64;
    }
}
