using System.Globalization;
using Orleans.Raft.Benchmarks;

// dotnet run -c Release --project test/Orleans.Raft.Benchmarks -- NAME [--rounds N] [--seconds N] [--data DIR] [--write]
// --write puts the result into docs/BENCHMARKS.md; without it the result is only printed.
var benchmarks = typeof(IBenchmark).Assembly.GetTypes()
    .Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IBenchmark)))
    .Select(type => (IBenchmark)Activator.CreateInstance(type)!)
    .OrderBy(benchmark => benchmark.Name, StringComparer.Ordinal)
    .ToList();
var benchmark = benchmarks.FirstOrDefault(candidate => args.Length > 0 && candidate.Name == args[0]);
if (benchmark is null)
{
    Console.Error.WriteLine(args.Length == 0 ? "Which benchmark?" : $"There is no benchmark '{args[0]}'.");
    benchmarks.ForEach(candidate => Console.Error.WriteLine($"  {candidate.Name,-12} {candidate.Description}"));
    return 2;
}
#if DEBUG
Console.Error.WriteLine("This is a debug build: its figures mean nothing. Use -c Release.");
#endif

int? rounds = null;
double? seconds = null;
// Not the temporary folder: where that is memory, an fsync costs nothing.
var data = Path.Combine(Report.RepositoryRoot, "artifacts", $"bench-{Environment.ProcessId}");
var write = false;
var rest = new List<string>();
for (var i = 1; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--rounds": rounds = int.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--seconds": seconds = double.Parse(args[++i], CultureInfo.InvariantCulture); break;
        case "--data": data = args[++i]; break;
        case "--write": write = true; break;
        default: rest.Add(args[i]); break;
    }
}

Directory.CreateDirectory(data);
try
{
    var section = await benchmark.RunAsync(new BenchmarkArguments(rounds, seconds, data, rest));
    Console.WriteLine(section);
    if (write)
    {
        Report.Write(benchmark.Name, section);
    }
    return 0;
}
finally
{
    Directory.Delete(data, recursive: true);
}
