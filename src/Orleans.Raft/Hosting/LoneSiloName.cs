using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Raft.Hosting;

/// <summary>
/// Gives a silo that is alone and was given no name the fixed name <c>silo</c>: Orleans' own default is random in every process, and with it
/// every restart would look like another silo.
/// </summary>
internal sealed partial class LoneSiloName(IOptions<RaftOptions> raft) : IPostConfigureOptions<SiloOptions>
{
    private const string Name = "silo";

    /// <inheritdoc/>
    public void PostConfigure(string? name, SiloOptions options)
    {
        if (raft.Value is { InitialSilos.Count: 0, InMemory: false } && (string.IsNullOrEmpty(options.SiloName) || IsRandom(options.SiloName)))
        {
            options.SiloName = Name;
        }
    }

    /// <summary>True for a name that Orleans draws when none is set. <c>Silo_0</c> is a name like any other.</summary>
    public static bool IsRandom(string? siloName) => siloName is not null && RandomName().IsMatch(siloName);

    [GeneratedRegex("^Silo_[0-9a-f]{5}$", RegexOptions.CultureInvariant)]
    private static partial Regex RandomName();
}
