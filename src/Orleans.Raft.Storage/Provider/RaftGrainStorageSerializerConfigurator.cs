using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;

namespace Orleans.Raft.Storage.Provider;

/// <summary>
/// Fills in the serializer: the keyed one of the provider's name, else Orleans' binary one. Orleans' own configurator would take the silo's unkeyed JSON serializer,
/// which needs parameterless constructors and settable members; a state that can cross between grains should be storable as it is.
/// </summary>
internal sealed class RaftGrainStorageSerializerConfigurator(IServiceProvider services) : IPostConfigureOptions<RaftGrainStorageOptions>
{
    /// <inheritdoc/>
    public void PostConfigure(string? name, RaftGrainStorageOptions options) =>
        options.GrainStorageSerializer ??= services.GetKeyedService<IGrainStorageSerializer>(name)
            ?? new OrleansGrainStorageSerializer(services.GetRequiredService<Serializer>());
}
