using Microsoft.Extensions.Configuration;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Raft.Storage.Clustering;

[assembly: RegisterProvider("Raft", "Clustering", "Silo", typeof(RaftClusteringProviderBuilder))]
[assembly: RegisterProvider("Raft", "Clustering", "Client", typeof(RaftClusteringProviderBuilder))]

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Clustering from configuration: <c>Orleans:Clustering:ProviderType = Raft</c>, further keys as the options are named.</summary>
internal sealed class RaftClusteringProviderBuilder : IProviderBuilder<ISiloBuilder>, IProviderBuilder<IClientBuilder>
{
    /// <inheritdoc/>
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.UseRaftClustering(options => Bind(configurationSection, options));

    /// <inheritdoc/>
    public void Configure(IClientBuilder builder, string? name, IConfigurationSection configurationSection) =>
        builder.UseRaftClustering(options => Bind(configurationSection, options));

    // By hand: TLS options cannot come from text, and a misspelled time must say which key it is.
    private static void Bind(IConfigurationSection section, RaftClusteringOptions options)
    {
        options.SiloName = section[nameof(options.SiloName)] ?? options.SiloName;
        options.DataDirectory = section[nameof(options.DataDirectory)] ?? options.DataDirectory;
        options.BindAddress = section[nameof(options.BindAddress)] ?? options.BindAddress;
        options.Secret = section[nameof(options.Secret)] ?? options.Secret;
        options.HeartbeatInterval = Time(section, nameof(options.HeartbeatInterval), options.HeartbeatInterval);
        options.ElectionTimeout = Time(section, nameof(options.ElectionTimeout), options.ElectionTimeout);
        options.OperationTimeout = Time(section, nameof(options.OperationTimeout), options.OperationTimeout);
        foreach (var voter in section.GetSection(nameof(options.Voters)).GetChildren())
        {
            options.Voters[voter.Key] = voter.Value ?? "";
        }
    }

    private static TimeSpan Time(IConfigurationSection section, string key, TimeSpan otherwise) =>
        section[key] is not { } text ? otherwise
        : TimeSpan.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var time) ? time
        : throw new Orleans.Runtime.OrleansConfigurationException($"{section.Path}:{key} is '{text}'; expected a time such as 00:00:01.5.");
}
