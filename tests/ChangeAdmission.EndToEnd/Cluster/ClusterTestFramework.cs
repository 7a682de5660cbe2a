using System.Reflection;
using ChangeAdmission.EndToEnd.Cluster;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("ChangeAdmission.EndToEnd.Cluster.ClusterTestFramework", "ChangeAdmission.EndToEnd")]
[assembly: TestCollectionOrderer("ChangeAdmission.EndToEnd.Cluster.DisruptionLast", "ChangeAdmission.EndToEnd")]

// Tests mostly wait for kubectl and the API server, so a few more than there are cores.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>Runs the whole assembly on one <see cref="Stack"/>: up before the first test, down after the last, whatever happens.</summary>
public sealed class ClusterTestFramework(IMessageSink diagnostics) : XunitTestFramework(diagnostics)
{
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider source, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assembly, source, diagnostics)
    {
#pragma warning disable VSTHRD100 // The signature is xunit's.
        protected override async void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new Runner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
#pragma warning restore VSTHRD100
    }

    private sealed class Runner(
        ITestAssembly assembly,
        IEnumerable<IXunitTestCase> cases,
        IMessageSink diagnostics,
        IMessageSink execution,
        ITestFrameworkExecutionOptions options) : XunitTestAssemblyRunner(assembly, cases, diagnostics, execution, options)
    {
        // Kept by the aggregator, a failure here is the failure of every test: none is skipped, and each says why.
        protected override async Task AfterTestAssemblyStartingAsync()
        {
            await base.AfterTestAssemblyStartingAsync();
            await Aggregator.RunAsync(Stack.UpAsync);
        }

        protected override async Task BeforeTestAssemblyFinishedAsync()
        {
            await Aggregator.RunAsync(Stack.DownAsync);
            await base.BeforeTestAssemblyFinishedAsync();
        }
    }
}

/// <summary>Tests that need the machine or the controller for themselves: run one by one, after all others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>Tests that stop the controller: after everything else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Disruption
{
    public const string Name = "disruption";
}

/// <summary>The order of the collections that run alone; those that run in parallel come before them anyway.</summary>
public sealed class DisruptionLast : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => collection.DisplayName == Disruption.Name);
}
