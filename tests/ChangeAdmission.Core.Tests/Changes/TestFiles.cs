namespace ChangeAdmission.Core.Tests.Changes;

/// <summary>Files beside the tests, read where they lie in the repository, so that golden files can be written back.</summary>
internal static class TestFiles
{
    public static string Here(string path) => Path.Combine(Root, "tests", "ChangeAdmission.Core.Tests", path);

    private static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "ChangeAdmission.sln")))
            directory = directory.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return directory.FullName;
    }
}
